import Foundation
import Testing
import UploadTestSupport

/// Denied types: a file is judged as a browser would judge it, and by the type that is reported.
@Suite(.curl) struct DeniedTypeTests {
  private static let deny = ["--deny-type", "text/html", "--deny-type", "text/csv"]

  private func isDenied(_ type: String, _ reply: Curl.Reply) -> Bool {
    reply.isRejection(415) && reply.body.contains(#"\"\#(type)\""#)
  }

  @Test(arguments: ["\0<html><script>x", "\0\0\n<script>x", "\u{FEFF}<!doctype html>"])
  func `HTML after bytes that a browser skips is denied for every kind of upload`(content: String) async throws {
    try await withServer(Self.deny + ["--raw-port", "0"]) { server in
      let path = try server.scratch.write(content.utf8, to: "page")
      for arguments in [
        ["-T", path, "\(server.url)/page"], ["-H", "Transfer-Encoding: chunked", "-T", path, "\(server.url)/page"],
        ["-H", "Content-Type: text/plain", "-T", path, "\(server.url)/page.txt"],
        ["-X", "POST", "-T", path, "\(server.url)/stream-upload?name=page.png"],
        ["-F", "file=@\(path);type=image/png;filename=page.png", "\(server.url)/file-upload"],
      ] {
        let reply = try await Curl.run(arguments)
        #expect(isDenied("text/html", reply), "\(arguments): \(reply)")
      }
      let socket = try Socket(port: server.rawPort)
      try await socket.send(content)
      socket.finish()
      let raw = try ResponseJSON(String(decoding: try await socket.receive(), as: UTF8.self))
      #expect(raw.status == 415 && raw.msg.contains("text/html"), "\(raw)")
      try await server.expectEmptyAndWell()
    }
  }

  /// Content, and the type that is reported of it; nil where it is denied.
  @Test(
    arguments: [
      ("plain", "text/plain"), ("\u{1}", "application/octet-stream"), ("<script>x", nil), ("\0<html><script>x", nil),
    ] as [(String, String?)]
  )
  func `a malformed declared type is ignored: the detected type decides`(content: String, type: String?) async throws {
    try await withServer(Self.deny) { server in
      let declared = "Content-Type: text/plain,text/html"
      let path = try server.scratch.write(content.utf8, to: "source")
      let disposition = "Content-Disposition: form-data; name=\"f\"; filename=\"form\""
      let part = "--Z\r\n\(disposition)\r\n\(declared)\r\n\r\n\(content)\r\n--Z--\r\n"
      let body = try server.scratch.write(part.utf8, to: "body")
      let form = ["-H", "Content-Type: multipart/form-data; boundary=Z", "--data-binary", "@\(body)"]
      let replies = [
        ("put", try await Curl.run(["-H", declared, "-T", path, "\(server.url)/put"])),
        ("form", try await Curl.run(form + ["\(server.url)/file-upload"])),
      ]
      guard let type else {
        for (name, reply) in replies { #expect(isDenied("text/html", reply), "\(name): \(reply)") }
        try await server.expectEmptyAndWell()
        return
      }
      for (name, reply) in replies {
        #expect(reply.isStored(name, size: content.utf8.count), "\(reply)")
        #expect(try reply.json.files?.first?.type == type, "\(reply)")
        let head = try await Curl.run(["--verbose", "--head", "\(server.url)/files/\(name)"])
        #expect(head.field("Content-Type") == type, "\(head)")
      }
      let listing = try await Curl.run(["\(server.url)/files/"]).body
      #expect(listing.components(separatedBy: #""type":"\#(type)""#).count == 3, "\(listing)")
    }
  }

  @Test(arguments: [
    ("t.csv", "a,b\n1,2\n"), ("t.txt", "a,b\n1,2\n"), ("t", "a,b\n1,2\n"), ("p.csv", "plain"), ("b.csv", "\u{1}"),
  ])
  func `content that is CSV by its name or lines is denied as text/csv`(name: String, content: String) async throws {
    try await withServer(["--deny-type", "text/csv"]) { server in
      let path = try server.scratch.write(content.utf8, to: "source")
      for arguments in [
        ["-T", path, "\(server.url)/\(name)"], ["-F", "file=@\(path);filename=\(name)", "\(server.url)/file-upload"],
      ] {
        let reply = try await Curl.run(arguments)
        #expect(isDenied("text/csv", reply), "\(arguments): \(reply)")
      }
      try await server.expectEmptyAndWell()
    }
    // Without the rule every response and event reports a table.
    try await withServer { server in
      let path = try server.scratch.write(content.utf8, to: "source")
      let reply = try await Curl.run(["-T", path, "\(server.url)/\(name)"])
      #expect(try reply.json.files?.first?.type == "text/csv", "\(reply)")
      let head = try await Curl.run(["--verbose", "--head", "\(server.url)/files/\(name)"])
      #expect(head.field("Content-Type") == "text/csv", "\(head)")
    }
  }

  @Test func `an upload that declares a denied type is rejected whatever its content`() async throws {
    try await withServer(Self.deny) { server in
      let path = try server.scratch.write("\u{1}".utf8, to: "source")
      for type in ["text/csv", "TEXT/HTML; charset=x"] {
        let put = try await Curl.run(["-H", "Content-Type: \(type)", "-T", path, "\(server.url)/b"])
        #expect(put.isRejection(415), "\(type): \(put)")
      }
      let form = try await Curl.run(["-F", "file=@\(path);type=text/csv;filename=b", "\(server.url)/file-upload"])
      #expect(form.isRejection(415), "\(form)")
      try await server.expectEmptyAndWell()
    }
  }
}
