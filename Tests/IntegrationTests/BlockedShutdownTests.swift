import Foundation
import Glibc
import Testing
import UploadTestSupport

/// A server stops in time although an operation that it waits for never completes.
@Suite(.curl) struct BlockedShutdownTests {
  private static let stopLine = "sluice: not stopped within 6 s"
  private static let unreadLine = "sluice: standard output is not read."

  /// Has bash start the program with a pipe as its standard output that is never read. The pipe is opened for reading
  /// and writing, so that opening it does not wait for a reader.
  private static func script(_ redirection: String) -> String {
    "cd \"$0\" && mkfifo p && exec 3<>p && exec \"$@\" \(redirection)"
  }

  /// Writes to the pipe until it is full.
  private func fillPipe(_ directory: TemporaryDirectory) throws {
    let pipe = open(directory.file("p"), O_WRONLY | O_NONBLOCK | O_CLOEXEC)
    try #require(pipe >= 0)
    defer { close(pipe) }
    while write(pipe, "x", 1) == 1 {}
    #expect(errno == EAGAIN)
  }

  /// As under a supervisor that has stopped reading. The grace of 30 s is for uploads, not for the output: the message is
  /// another one when that has passed.
  @Test(.bash, arguments: [[], ["--json"]])
  func `SIGTERM ends, with status 1, a server whose standard output is a full pipe, once its uploads are stored`(
    options: [String]
  ) async throws {
    try await withTemporaryDirectory { directory in
      let port = try HeldPort()
      let url = "http://127.0.0.1:\(port.number)"
      let serve = ["serve", "--port", "\(port.number)", "--dir", "uploads"] + options
      let process = try ProcessRunner("bash", ["-c", Self.script(">p"), directory.path, Sluice.path] + serve)
      try await eventually("the server") { try await Curl.run(["\(url)/healthz"]).status == 200 }
      try fillPipe(directory)
      let file = try directory.random(1000, to: "f")
      let reply = try await Curl.run(["-T", file, "\(url)/f"])
      #expect(reply.isStored("f", size: 1000), "\(reply)")
      let socket = try Socket(port: port.number)
      try await socket.send(RequestHead.bytes("PUT", "/g", ["Content-Length: 3"]) + [1])
      try await eventually("the upload") {
        try await Curl.run(["\(url)/metrics"]).body.contains(/sluice_uploads_active\{[^\n]*incoming[^\n]*\} 1/)
      }
      process.signal(SIGTERM)
      try await eventually("the end of new uploads") { try await Curl.run(["\(url)/healthz"]).status != 200 }
      try await socket.send([2, 3])
      #expect(try await socket.receiveResponses().first?.status == 201)
      #expect(try await process.exit(timeout: .seconds(60)) == .status(1))
      #expect(process.errors.hasPrefix(Self.unreadLine), "\(process.errors)")
      let uploads = TemporaryDirectory(inside: directory.file("uploads"))
      #expect(try uploads.names() == ["f", "g"])
      #expect(try Digest.ofFile(uploads.file("f")) == Digest.ofFile(file))
    }
  }

  @Test(.bash) func `a server whose full pipe is read after SIGTERM writes all events, and ends with status 0`()
    async throws
  {
    try await withTemporaryDirectory { directory in
      let port = try HeldPort()
      let url = "http://127.0.0.1:\(port.number)"
      let serve = ["serve", "--port", "\(port.number)", "--dir", "uploads", "--json"]
      let process = try ProcessRunner("bash", ["-c", Self.script(">p"), directory.path, Sluice.path] + serve)
      try await eventually("the server") { try await Curl.run(["\(url)/healthz"]).status == 200 }
      let pipe = open(directory.file("p"), O_RDONLY | O_CLOEXEC)
      try #require(pipe >= 0)
      try fillPipe(directory)
      let file = try directory.random(1000, to: "f")
      for name in 0..<50 { #expect(try await Curl.run(["-T", file, "\(url)/\(name)"]).status == 201) }
      process.signal(SIGTERM)
      let handle = FileHandle(fileDescriptor: pipe, closeOnDealloc: true)
      let output = await Task.detached { String(decoding: handle.readDataToEndOfFile(), as: UTF8.self) }.value
      #expect(output.ranges(of: "\"event\":\"finished\"").count == 50, "\(output.suffix(2000))")
      #expect(try await process.exit(timeout: .seconds(60)) == .status(0))
    }
  }

  /// Standard error is the same pipe, so that the last message cannot be written either.
  @Test(.bash) func `SIGTERM ends, with status 1, a server whose output and errors are one full pipe`() async throws {
    try await withTemporaryDirectory { directory in
      let port = try HeldPort()
      let serve = ["serve", "--port", "\(port.number)", "--dir", "uploads", "--grace", "1s"]
      let process = try ProcessRunner("bash", ["-c", Self.script(">p 2>&1"), directory.path, Sluice.path] + serve)
      try await eventually("the server") {
        try await Curl.run(["http://127.0.0.1:\(port.number)/healthz"]).status == 200
      }
      try fillPipe(directory)
      // The report of the upload waits for room in the pipe.
      let file = try directory.random(1000, to: "f")
      let reply = try await Curl.run(["-T", file, "http://127.0.0.1:\(port.number)/f"])
      #expect(reply.isStored("f", size: 1000), "\(reply)")
      process.signal(SIGTERM)
      #expect(try await process.exit(timeout: .seconds(60)) == .status(1))
    }
  }

  /// While it sends, and when everything is stored and only output is left.
  @Test(.bash, arguments: [false, true])
  func `SIGTERM ends, with status 1, a send whose standard output is a full pipe`(isStored: Bool) async throws {
    try await withServer { server in
      let send = ["send", "-", "--name", "x", "--to", server.url]
      let process = try ProcessRunner("bash", ["-c", Self.script(">p"), server.scratch.path, Sluice.path] + send)
      try process.send([1, 2, 3])
      try await server.events { $0.event == "started" }
      try fillPipe(server.scratch)
      if isStored {
        process.closeInput()
        try await server.events { $0.event == "finished" }
      }
      process.signal(SIGTERM)
      #expect(try await process.exit(timeout: .seconds(90)) == .status(1))
      #expect(process.errors.contains(Self.unreadLine), "\(process.errors)")
    }
  }

  /// A disk that does not respond, as a network's: from its start on, each write or sync of the server takes ten
  /// minutes.
  @Test(.strace, arguments: ["pwrite64", "fdatasync,fsync"])
  func `SIGTERM ends, with status 1, a server whose file system hangs`(calls: String) async throws {
    try await withServer(["--grace", "1s"], stops: false) { server in
      let processID = server.process.processID
      let delay = ["trace=\(calls)", "inject=\(calls):delay_enter=600s"].flatMap { ["-e", $0] }
      let strace = try ProcessRunner("strace", ["-f", "-o", "/dev/null", "-p", "\(processID)"] + delay)
      defer { strace.signal(SIGKILL) }
      try await eventually("strace") { strace.errors.contains("attached") }
      let socket = try Socket(port: server.port)
      try await socket.send(RequestHead.bytes("PUT", "/a", ["Content-Length: 3"]) + [1, 2, 3])
      try await server.events { $0.event == "started" }
      server.process.signal(SIGTERM)
      // strace does not detach from the delayed thread, and a process with a thread has not ended.
      try await eventually("the end", timeout: .seconds(60)) {
        try String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8).contains(") Z ")
      }
      strace.signal(SIGKILL)
      #expect(try await server.process.exit(timeout: .seconds(60)) == .status(1))
      #expect(server.process.errors.contains(Self.stopLine), "\(server.process.errors)")
      // Never acknowledged.
      #expect(try await socket.receive().isEmpty)
    }
  }
}
