import Foundation
import Testing
import UploadTestSupport

/// Clients that read a response slowly or not at all.
@Suite(.curl) struct SlowReaderTests {
  /// More than the socket buffers of both ends.
  private static let size = 32 << 20
  private static let endOfHead = Array("\r\n\r\n".utf8)

  private func withStoredFile(
    _ options: [String],
    _ body: (SluiceServer, _ path: String) async throws -> Void
  ) async throws {
    try await withServer(options) { server in
      let path = try server.scratch.random(Self.size, to: "source")
      #expect(try await Curl.run(["-T", path, "\(server.url)/f"]).status == 201)
      try await body(server, path)
    }
  }

  private func beginDownload(_ server: SluiceServer, receiveBuffer: Int32? = nil) async throws -> Socket {
    let socket = try Socket(port: server.port, receiveBuffer: receiveBuffer)
    try await socket.send(RequestHead.bytes("GET", "/files/f"))
    return socket
  }

  /// The most memory that the server was resident with, in bytes.
  private func peak(_ server: SluiceServer) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(server.process.processID)/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return try #require(Int(line.filter(\.isNumber))) * 1024
  }

  @Test func `100 clients that stop reading a download use less than 48 MiB`() async throws {
    try await withStoredFile([]) { server, path in
      let before = try peak(server)
      var readers: [Socket] = []
      for _ in 0..<100 { readers.append(try await beginDownload(server)) }
      for reader in readers { #expect(!(try await reader.receiveSome()).isEmpty) }
      // A client that reads is served meanwhile, which takes longer than reading ahead for the others.
      let back = server.scratch.file("back")
      #expect(try await Curl.run(["-o", back, "\(server.url)/files/f"]).status == 200)
      #expect(try Digest.ofFile(back) == Digest.ofFile(path))
      let grown = try peak(server) - before
      #expect(grown < 48 << 20, "\(grown) bytes for \(readers.count) readers")
    }
  }

  @Test(arguments: ["GET", "DELETE"])
  func `a client that sends a million requests and reads nothing uses less than 24 MiB`(method: String) async throws {
    try await withServer(["--memory-budget", "4MiB"]) { server in
      let path = try server.scratch.random(4 << 20, to: "source")
      #expect(try await Curl.run(["-T", path, "\(server.url)/f"]).status == 201)
      let before = try server.residentBytes
      let requests = Array([[UInt8]](repeating: RequestHead.bytes(method, "/"), count: 1_000_000).joined())
      let socket = try Socket(port: server.port)
      let sending = Task { try await socket.send(requests) }
      defer { sending.cancel() }
      // Others are served meanwhile, for longer than responding to all of the requests would take.
      for number in 0..<30 {
        #expect(try await Curl.run(["-T", path, "\(server.url)/f\(number)"]).status == 201)
      }
      let grown = try server.residentBytes - before
      #expect(grown < 24 << 20, "\(grown) bytes")
    }
  }

  @Test func `the kernel buffers less than 1.5 MB for a client that stops reading`() async throws {
    try await withServer(stops: false) { server in
      let path = try server.scratch.random(Self.size, to: "source")
      #expect(try await Curl.run(["-T", path, "\(server.url)/f"]).status == 201)
      let reader = try await beginDownload(server)
      #expect(!(try await reader.receiveSome()).isEmpty)
      #expect(try await Curl.run(["-o", server.scratch.file("back"), "\(server.url)/files/f"]).status == 200)
      // The bytes in socket buffers arrive nevertheless.
      server.process.signal(SIGKILL)
      _ = try await server.process.exit()
      let taken = try await reader.receive().count
      #expect(taken < 1_500_000, "\(taken) bytes")
    }
  }

  @Test func `the download of a client that reads nothing for the idle timeout is ended`() async throws {
    try await withStoredFile(["--idle-timeout", "1s"]) { server, _ in
      // The larger its buffer, the longer it might have read unseen.
      let reader = try await beginDownload(server, receiveBuffer: 4096)
      #expect(!(try await reader.receiveSome()).isEmpty)
      try await eventually("the file to be closed") {
        try server.descriptors.allSatisfy { !$0.hasSuffix("/f") }
      }
    }
  }

  @Test func `a client that reads 2 kB a second is not timed out and receives the whole file`() async throws {
    try await withStoredFile(["--idle-timeout", "1s"]) { server, path in
      let reader = try await beginDownload(server)
      // Its system announces no room before it has read 64 KiB: this is about time, so time has to pass.
      let received = try await reader.receive(pause: .milliseconds(500), before: 12, pieceSize: 1024) { received in
        received.firstRange(of: Self.endOfHead).map { received.count >= $0.upperBound + Self.size } ?? false
      }
      let end = try #require(received.firstRange(of: Self.endOfHead)?.upperBound)
      #expect(try Digest.of(Array(received[end...])) == Digest.ofFile(path))
    }
  }

  @Test func `a reader that needs longer than the idle timeout receives the complete response`() async throws {
    try await withStoredFile(["--idle-timeout", "3s"]) { server, path in
      let reader = try await beginDownload(server)
      // More in all than the time-out, and much less at a time: this is about time, so time has to pass.
      let received = try await reader.receive(pause: .milliseconds(400), before: 10) { received in
        received.firstRange(of: Self.endOfHead).map { received.count >= $0.upperBound + Self.size } ?? false
      }
      let end = try #require(received.firstRange(of: Self.endOfHead)?.upperBound)
      #expect(try Digest.of(Array(received[end...])) == Digest.ofFile(path))
    }
  }
}
