import Foundation
import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Sources that cannot be opened, and files that change while they are sent.
@Suite(.timeLimit(.minutes(30))) struct SourceTests {
  private static let large = 64 << 20

  private func openingError(_ source: UploadSource) throws -> UploadError {
    try #require(UploadError.thrown { () throws(UploadError) in try source.open() })
  }

  @Test(arguments: [UploadMode.stream, .multipart])
  func `a file whose name is not UTF-8 is sent under its exact name, in a form as well`(mode: UploadMode) async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.path + "/" + NameBytes([0x63, 0x61, 0x66, 0xE9]).losslessText
      let descriptor = NameBytes.withPath(path) { open($0, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600) }
      try #require(descriptor >= 0)
      close(descriptor)
      try await withServer { peer in
        let request = try peer.readHead()
        let body = try peer.readBody(of: request)
        if mode == .stream {
          #expect(request.uri == "/stream-upload?name=caf%E9")
        } else {
          #expect(body.firstRange(of: Array(#"filename="caf"#.utf8) + [0xE9, 0x22]) != nil)
        }
        try peer.respond("201 Created")
      } _: { server in
        let meter = try await TestUploads().send(.file(path), to: server.url, mode: mode)
        #expect(meter.finished != nil)
        #expect(meter.name == "caf\\xE9")
      }
    }
  }

  @Test func `the name is the part after the last slash, even before a combining mark`() {
    #expect(UploadSource.file("/a/\u{301}b").name == "\u{301}b")
    #expect(UploadSource.file("a/b/").name == "b")
    #expect(UploadSource.file("/").name == "/")
  }

  /// Their size is reported as 0, or as a page; only reading shows the length.
  @Test(arguments: ["/proc/version", "/sys/kernel/mm/transparent_hugepage/enabled"], [UploadMode.stream, .buffered])
  func `files whose size differs from their content are sent to their end`(path: String, mode: UploadMode)
    async throws
  {
    // Not every kernel has the file in /sys; every one has the file in /proc.
    guard let content = FileManager.default.contents(atPath: path) ?? nil else {
      return #expect(path.hasPrefix("/sys"))
    }
    #expect(!content.isEmpty)
    let body = Mutex<[UInt8]>([])
    try await withServer { peer in
      let request = try peer.readHead()
      if request["Expect"] != nil { try peer.send("HTTP/1.1 100 Continue\r\n\r\n") }
      let bytes = try peer.readBody(of: request)
      body.withLock { $0 = bytes }
      try peer.stored("x", content.count)
    } _: { server in
      let meter = try await TestUploads().send(.file(path), to: server.url, mode: mode)
      #expect(meter.finished?.bytes == UInt64(content.count))
    }
    #expect(body.withLock { $0 }.firstRange(of: content) != nil)
  }

  @Test func `the error for a missing path, directory, pipe, device or loop of links names the cause`() async throws {
    try await withTemporaryDirectory { directory in
      let missing = try openingError(.file(directory.file("none")))
      #expect(missing.code == .unreadableFile && missing.message.contains("no file"))
      let here = try openingError(.file(directory.path))
      #expect(here.code == .unreadableFile && here.message.contains("is a directory"))
      let below = try openingError(.file(try directory.write([], to: "f") + "/x"))
      #expect(below.code == .unreadableFile && below.message.contains("no file"))
      mkfifo(directory.file("pipe"), 0o600)
      let pipe = try openingError(.file(directory.file("pipe")))
      #expect(pipe.code == .unreadableFile && pipe.message.contains("is a pipe"))
      let device = try openingError(.file("/dev/zero"))
      #expect(device.code == .unreadableFile && device.message.contains("is a device"))
      symlink("loop", directory.file("loop"))
      let loop = try openingError(.file(directory.file("loop")))
      #expect(loop.code == .unreadableFile && loop.message.contains("circle"))
    }
  }

  @Test func `descriptors that are closed, write-only or of a directory are rejected`() async throws {
    try await withTemporaryDirectory { directory in
      #expect(try openingError(.descriptor(-1, name: "x")).code == .unreadableFile)
      let writable = open(directory.file("out"), O_WRONLY | O_CREAT, 0o600)
      defer { close(writable) }
      #expect(try openingError(.descriptor(writable, name: "x")).code == .unreadableFile)
      let here = open(directory.path, O_RDONLY | O_DIRECTORY)
      defer { close(here) }
      let named = try openingError(.descriptor(here, name: "x"))
      #expect(named.message.contains("is a directory"))
    }
  }

  /// Permissions mean nothing to root, who runs these tests in containers.
  @Test(.enabled(if: geteuid() != 0)) func `a file without permission is unreadable`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1], to: "secret")
      chmod(path, 0)
      let error = try openingError(.file(path))
      #expect(error.code == .unreadableFile && error.message.contains("permissions"))
    }
  }

  @Test func `the error for EACCES advises to check permissions, that for EINVAL to use standard input`() {
    #expect(SourceFailure.opening("x", EACCES).message.contains("permissions"))
    #expect(SourceFailure.reading("x", EINVAL).message.contains("send -"))
    #expect(SourceFailure.reading("x", EIO).code == .unreadableFile)
  }

  @Test func `an upload of a missing file fails, and the ledger counts it as failed`() async throws {
    let uploads = TestUploads()
    let meter = try await uploads.send(.file("/nonexistent/x"), to: "http://127.0.0.1:1")
    #expect(meter.error?.code == .unreadableFile)
    #expect(meter.name == "x" && meter.size == nil)
    #expect(uploads.ledger.totals(.outgoing).failed == 1)
  }

  @Test func `a file that was renamed, made read-only and removed counts as unchanged`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1, 2, 3], to: "x")
      age(path)
      let source = try UploadSource.file(path).open()
      try source.check()
      rename(path, directory.file("y"))
      chmod(directory.file("y"), 0o400)
      unlink(directory.file("y"))
      try source.check()
    }
  }

  enum Change: CaseIterable {
    case shrink, grow, rewrite

    /// Makes the change to the file at `path`.
    func make(_ path: String) throws {
      switch self {
      case .shrink: truncate(path, 1000)
      case .grow: truncate(path, off_t(SourceTests.large + 1))
      case .rewrite:
        let descriptor = open(path, O_WRONLY)
        defer { close(descriptor) }
        guard write(descriptor, "changed", 7) == 7 else { throw TimeoutError("nothing was written") }
      }
    }

    var word: String {
      switch self {
      case .shrink: "shrank"
      case .grow: "grew"
      case .rewrite: "written to"
      }
    }
  }

  /// Changes the file while most of it is still to come; the server must never see the body's end.
  @Test(arguments: [UploadMode.stream, .multipart], Change.allCases)
  func `a file that changes while it is sent fails the upload before its end is sent`(mode: UploadMode, change: Change)
    async throws
  {
    let got = Mutex(-1)
    let whole = Mutex(0)
    try await withTemporaryDirectory { directory in
      let path = try largeFile(in: directory)
      try await withServer(receiveBuffer: 64 << 10) { peer in
        let request = try peer.readHead()
        try peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        _ = try peer.read(1 << 20)
        try change.make(path)
        let rest = peer.drain()
        got.withLock { $0 = rest + 1 << 20 }
        whole.withLock { $0 = request["Content-Length"].flatMap { Int($0) } ?? 0 }
      } _: { server in
        let meter = try await TestUploads().send(.file(path), to: server.url, mode: mode)
        #expect(meter.error?.code == .fileChanged)
        #expect(meter.error?.message.contains(change.word) == true)
      }
    }
    #expect(whole.withLock { $0 } >= Self.large)
    #expect(got.withLock { $0 } < whole.withLock { $0 })
  }

  /// Changes the file when the server has all of it: the server stores it, but the upload must fail.
  @Test(arguments: Change.allCases) func `a file that changes before the response fails the upload`(change: Change)
    async throws
  {
    try await withTemporaryDirectory { directory in
      let path = try largeFile(in: directory)
      try await withServer { peer in
        let body = try peer.digestBody(of: peer.readHead())
        try change.make(path)
        try peer.stored("x", body.count)
      } _: { server in
        let meter = try await TestUploads().send(.file(path), to: server.url)
        #expect(meter.error?.code == .fileChanged)
        #expect(meter.error?.message.contains("Do not use that copy") == true)
        #expect(meter.received == UInt64(Self.large))
      }
    }
  }

  @Test func `a file that is removed while it is sent is sent completely`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try largeFile(in: directory)
      try await withServer(receiveBuffer: 64 << 10) { peer in
        let request = try peer.readHead()
        try peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        unlink(path)
        try peer.stored("x", try peer.digestBody(of: request).count)
      } _: { server in
        let meter = try await TestUploads().send(.file(path), to: server.url)
        #expect(meter.finished?.bytes == UInt64(Self.large))
      }
    }
  }

  @Test func `a file that changes while it is read into memory fails the upload`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try largeFile(in: directory)
      let source = try UploadSource.file(path).open()
      for (limit, word) in [(8 << 20, "grew"), (Self.large, "shrank")] {
        var read = 0
        let error = try #require(throws: UploadError.self) {
          try FormInMemory(
            reading: source,
            framing: 0,
            available: nil,
            onBlock: {
              read += $0.count
              if read == limit { truncate(path, limit == Self.large ? 5 : off_t(Self.large + 5)) }
            },
            checkCancellation: {}
          )
        }
        #expect(error.code == .fileChanged)
        #expect(error.message.contains(word))
      }
    }
  }

  private func largeFile(in directory: TemporaryDirectory) throws -> String {
    let path = try directory.write([], to: "x")
    truncate(path, off_t(Self.large))
    age(path)
    return path
  }

  /// Dates the file back, so that the next change gives it another time, however coarse the clock.
  private func age(_ path: String) {
    var times = [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0)]
    utimensat(AT_FDCWD, path, &times, 0)
  }
}
