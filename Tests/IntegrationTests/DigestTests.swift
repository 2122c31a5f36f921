import Foundation
import Testing
import UploadTestSupport

/// Digests, with real curl and both ends of the program.
@Suite(.curl) struct DigestTests {
  private static let sizes = [0, 1, 70_000, (20 << 20) + 1]

  /// `sha-256=:...:` of a file.
  private func field(_ path: String) throws -> String {
    let text = try Digest.ofFile(path)
    let bytes = stride(from: 0, to: 64, by: 2).compactMap { UInt8(text.dropFirst($0).prefix(2), radix: 16) }
    return "sha-256=:\(Data(bytes).base64EncodedString()):"
  }

  @Test(arguments: sizes)
  func `with --digest sha256 responses, events and listings have the stored file's digest`(size: Int) async throws {
    try await withServer(["--digest", "sha256"]) { server in
      let path = try server.scratch.random(size, to: "source")
      let digest = try Digest.ofFile(path)
      let stream = try await Curl.run(["--verbose", "-T", path, "\(server.url)/a"])
      #expect(try stream.json.files?.first?.sha256 == digest)
      #expect(stream.errors.contains("< Repr-Digest: \(try field(path))"))
      let form = try await Curl.run(["-F", "f=@\(path);filename=b", "\(server.url)/file-upload"])
      #expect(try form.json.files?.first?.sha256 == digest)
      let finished = try await server.events(2) { $0.event == "finished" }
      #expect(finished.allSatisfy { $0.sha256 == digest })
      let listing = try await Curl.run(["\(server.url)/files/"])
      #expect(listing.body.components(separatedBy: "\"sha256\":\"\(digest)\"").count == 3, "\(listing.body)")
      let download = try await Curl.run(["--verbose", "-o", "/dev/null", "\(server.url)/files/a"])
      #expect(download.errors.contains("< Repr-Digest: \(try field(path))"))
      try server.expect("a", equals: path)
      try server.expect("b", equals: path)
    }
  }

  @Test(arguments: sizes)
  func `a digest in the headers that differs from the content's gets 400`(size: Int) async throws {
    try await withServer { server in
      let path = try server.scratch.random(size, to: "source")
      let other = try server.scratch.random(size + 1, to: "other")
      for (name, wanted, status) in [("good", path, 201), ("bad", other, 400)] {
        let stream = ["-T", path, "-H", "Repr-Digest: \(try field(wanted))", "\(server.url)/\(name)"]
        #expect(try await Curl.run(stream).status == status)
        let header = #"headers="Content-Digest: \#(try field(wanted))""#
        let form = ["-F", "f=@\(path);filename=form-\(name);\(header)", "\(server.url)/file-upload"]
        #expect(try await Curl.run(form).status == status)
      }
      #expect(try server.uploads.names() == ["form-good", "good"])
    }
  }

  @Test(arguments: [false, true], [0, 3, 5 << 20])
  func `a digest in the trailers that differs from the content's gets 400`(isAnnounced: Bool, size: Int) async throws {
    try await withServer { server in
      let path = try server.scratch.random(size, to: "source")
      for (name, digest) in [("good", try field(path)), ("bad", try field(server.scratch.write([9], to: "other")))] {
        let socket = try Socket(port: server.port)
        let trailer = isAnnounced ? "Trailer: Repr-Digest\r\n" : ""
        try await socket.send(
          "PUT /\(name) HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\(trailer)\r\n"
        )
        if size > 0 {
          try await socket.send(String(size, radix: 16) + "\r\n")
          try await socket.send(server.scratch.read("source") + Array("\r\n".utf8))
        }
        try await socket.send("0\r\nRepr-Digest: \(digest)\r\n\r\n")
        let response = try #require(try await socket.receiveResponses().first)
        #expect(response.status == (name == "good" ? 201 : 400), "\(response)")
        if name == "good" { #expect(try response.json.files?.first?.sha256 == Digest.ofFile(path)) }
      }
      #expect(try server.uploads.names() == ["good"])
      try server.expect("good", equals: path)
    }
  }

  @Test(arguments: ["stream", "multipart", "buffered"])
  func `send reports an upload as verified when the server responds with its digest`(mode: String) async throws {
    try await withServer(["--digest", "sha256"]) { server in
      let path = try server.scratch.random(3_000_001, to: "a.bin")
      let ended = try await Sluice.run(["send", "--json", "--mode", mode, "--to", server.url, path])
      #expect(ended.exit == .status(0), "\(ended)")
      let summary = try #require(try ended.events.last)
      #expect(summary.uploads?.map(\.verdict) == ["verified"])
      #expect(summary.uploads?.first?.sha256 == (try Digest.ofFile(path)))
    }
  }
}
