import Foundation
import Testing
import UploadTestSupport

/// Kinds of files, from the socket to the listing, with real curl.
@Suite(.curl) struct TypeTests {
  private static let pdf = Array("%PDF-1.7\n".utf8)

  @Test func `responses, events, listings and downloads have the detected type, not the declared one`() async throws {
    try await withServer { server in
      let path = try server.scratch.write(Self.pdf, to: "source")
      let reply = try await Curl.run(["-T", path, "-H", "Content-Type: image/png", "\(server.url)/a.txt"])
      #expect(try reply.json.files?.first?.type == "application/pdf")
      let form = try await Curl.run(["-F", "file=@\(path);type=image/png;filename=b.txt", "\(server.url)/file-upload"])
      #expect(try form.json.files?.first?.type == "application/pdf")
      let finished = try await server.events(2) { $0.event == "finished" }
      #expect(finished.allSatisfy { $0.detectedType == "application/pdf" && $0.declaredType == "image/png" })
      #expect(finished.allSatisfy { $0.type == "application/pdf" })
      // Files that were not uploaded are inspected when they are listed.
      try server.uploads.write(Self.pdf, to: "c")
      try server.uploads.write([1], to: "d.iso")
      let listing = try await Curl.run(["\(server.url)/files/"])
      #expect(listing.body.components(separatedBy: #""type":"application/pdf""#).count == 4, "\(listing.body)")
      #expect(listing.body.contains("x-iso9660-image"))
      for name in ["a.txt", "c"] {
        let head = try await Curl.run(["--verbose", "\(server.url)/files/\(name)"])
        #expect(head.errors.contains("< Content-Type: application/pdf"))
      }
    }
  }

  @Test func `PUT, form and raw port get 415 for a type that is not allowed, and PUT for a denied one`() async throws {
    let options = ["--allow-type", "application/pdf", "--allow-type", "image/*", "--raw-port", "0"]
    try await withServer(options, environment: ["SLUICE_DENY_TYPE": "image/gif,image/bmp"]) { server in
      let pdf = try server.scratch.write(Self.pdf, to: "pdf")
      let text = try server.scratch.write(Array("text".utf8), to: "text")
      let gif = try server.scratch.write(Array("GIF89a".utf8), to: "gif")
      #expect(try await Curl.run(["-T", pdf, "\(server.url)/"]).status == 201)
      #expect(
        try await Curl.run(["-T", text, "-H", "Content-Type: application/pdf", "\(server.url)/"]).isRejection(415)
      )
      #expect(try await Curl.run(["-T", gif, "\(server.url)/"]).isRejection(415))
      #expect(
        try await Curl.run(["-F", "a=@\(pdf)", "-F", "b=@\(text)", "\(server.url)/file-upload"]).isRejection(415)
      )
      let big = try server.scratch.random(60 << 20, to: "big")
      #expect(try await Curl.run(["-T", big, "\(server.url)/"]).isRejection(415))
      let socket = try Socket(port: server.rawPort)
      try await socket.send("text")
      socket.finish()
      let response = String(decoding: try await socket.receive(), as: UTF8.self)
      #expect(response.contains("\"status\":415"))
      #expect(try server.uploads.names() == ["pdf"])
    }
  }

  @Test func `an upload without a name gets one with the extension of the detected type`() async throws {
    try await withServer { server in
      let path = try server.scratch.write(Self.pdf, to: "source")
      let reply = try await Curl.run(["-X", "POST", "-T", path, "\(server.url)/stream-upload"])
      #expect(try server.uploads.names().allSatisfy { $0.hasSuffix(".pdf") })
      #expect(try reply.json.files?.first?.name.hasSuffix(".pdf") == true)
    }
  }

  @Test(arguments: [["--allow-type", "image"], ["--deny-type", "*/png"], ["--digest", "md5"]])
  func `an invalid type or digest option exits with 64`(options: [String]) async throws {
    let ended = try await Sluice.run(["serve"] + options)
    #expect(ended.exit == .status(64))
  }
}
