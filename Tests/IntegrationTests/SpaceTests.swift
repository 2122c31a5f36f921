import Foundation
import Testing
import UploadTestSupport

/// A disk that has less room than clients have bytes.
@Suite(.curl, .mounts) struct SpaceTests {
  @Test func `while the space of a running upload is reserved, one that does not fit gets 507`() async throws {
    try await withServer(["--min-free", "4MiB"], prefix: SluiceServer.onTmpfs("size=20m")) { server in
      let request = CutUploadTests.Framing.length.request(size: 12 << 20)
      let first = try Socket(port: server.port)
      try await first.send(Array(request.bytes[..<(request.file.lowerBound + 1_000_000)]))
      try await server.events { $0.event == "progress" && ($0.bytes ?? 0) > 0 }
      let second = try await Curl.run([
        "--verbose", "-T", try server.scratch.random(12 << 20, to: "f"), "\(server.url)/second",
      ])
      #expect(second.isRejection(507), "\(second)")
      #expect(!second.errors.contains("100 Continue"))
      let words = try second.json.msg
      #expect(!words.contains("/"), "clients are told no path: \(words)")
      for number in ["12.0 MiB more are needed", "8.0 MiB are free", "4 MiB are kept free"] {
        #expect(words.contains(number), "\(words)")
      }
      let third = try await Curl.run(["-T", try server.scratch.random(3 << 20, to: "g"), "\(server.url)/third"])
      #expect(third.isStored("third", size: 3 << 20), "\(third)")
      try await first.send(Array(request.bytes[(request.file.lowerBound + 1_000_000)...]))
      #expect(try await first.receiveResponses().first?.status == 201)
      #expect(try server.uploads.names() == ["third", "x"])
    }
  }

  @Test(arguments: ["chunked", "form"])
  func `an upload of unknown size that would use the space of --min-free gets 507`(framing: String) async throws {
    try await withServer(["--min-free", "8MiB"], prefix: SluiceServer.onTmpfs("size=20m")) { server in
      let path = try server.scratch.random(14 << 20, to: "large")
      let arguments =
        framing == "form"
        ? ["-F", "a=@\(path)", "\(server.url)/file-upload"]
        : ["-H", "Transfer-Encoding: chunked", "-T", path, "\(server.url)/large"]
      let reply = try await Curl.run(["-H", "Expect:"] + arguments)
      #expect(reply.isRejection(507), "\(reply)")
      #expect(try reply.json.msg.contains("--min-free"))
      #expect(try !reply.json.msg.contains("/"), "clients are told no path: \(reply)")
      try await server.failure("diskFull")
      try await eventually("the file's end") { try server.unnamedFiles == 0 }
      try await server.expectEmptyAndWell()
    }
  }

  /// ramfs reports no blocks at all.
  @Test func `on a file system that reports no free space uploads are stored, with a warning`() async throws {
    let prefix = ["unshare", "--mount", "sh", "-c", #"mkdir -p "$0" && mount -t ramfs ramfs "$0" && exec "$@""#]
    try await withServer(["--min-free", "1GiB"], stops: false, prefix: prefix) { server in
      let path = try server.scratch.random(3 << 20, to: "f")
      for arguments in [
        ["-T", path, "\(server.url)/f"], ["-H", "Transfer-Encoding: chunked", "-T", path, "\(server.url)/g"],
      ] {
        #expect(try await Curl.run(arguments).status == 201)
      }
      #expect(try await Curl.run(["-F", "a=@\(path);filename=h", "\(server.url)/file-upload"]).status == 201)
      try server.expect("f", equals: path)
      server.process.signal(SIGINT)
      #expect(try await server.process.exit() == .status(0))
      #expect(server.process.errors.contains("does not report its free space"), "\(server.process.errors)")
    }
  }
}
