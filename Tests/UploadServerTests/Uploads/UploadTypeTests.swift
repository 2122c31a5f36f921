import NIOCore
import Testing
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// The type that the first bytes of an upload show, its generated name, and the rules for types.
@Suite struct UploadTypeTests {
  private static let pdf = "%PDF-1.7\n"

  private func limits(allow: [String] = [], deny: [String] = []) throws -> UploadLimits {
    var limits = UploadLimits()
    limits.types = MediaTypeRules(
      allowed: try allow.map { try MediaTypePattern($0) },
      denied: try deny.map { try MediaTypePattern($0) }
    )
    return limits
  }

  @Test func `the detected type is preferred to the declared one and to that of the name`() async throws {
    try await withHandler { harness in
      let fields = ["Content-Type: image/png"]
      try harness.send(request("PUT /a.txt", fields, body: Self.pdf))
      #expect(try harness.received().contains(#""name":"a.txt","size":9,"type":"application/pdf""#))
      #expect(harness.store.sink?.type == "application/pdf")
      guard case .finished(let file) = harness.store.sink?.meter.ended?.outcome else { throw NotFinished() }
      #expect(file.declaredType == "image/png" && file.detectedType == "application/pdf")
      // Where the bytes show no type, the declared one counts, then that of the name.
      try harness.send(request("PUT /a.iso", fields, body: "\u{1}"))
      try harness.send(request("PUT /a.iso", body: "\u{1}"))
      try harness.send(request("PUT /a.iso"))
      #expect(
        harness.store.sinks.map(\.type) == [
          "application/pdf", "image/png", "application/x-iso9660-image", "application/x-iso9660-image",
        ]
      )
    }
  }

  private struct NotFinished: Error {}

  @Test func `a generated name has the extension of the detected type, otherwise of the declared one`() async throws {
    try await withHandler { harness in
      for body in [Self.pdf, "\u{1}", "plain"] {
        try harness.send(request("POST /stream-upload", ["Content-Type: image/png"], body: body))
      }
      let form = "--b\r\nContent-Disposition: form-data; name=f; filename=\"\"\r\n\r\n\(Self.pdf)\r\n--b--\r\n"
      try harness.send(request("POST /file-upload", ["Content-Type: multipart/form-data; boundary=b"], body: form))
      let names = harness.store.sinks.compactMap(\.name)
      #expect(names.map { $0.split(separator: ".").last } == ["pdf", "png", "txt", "pdf"])
      // Only the extension differs from that of the name in the events.
      for sink in harness.store.sinks {
        #expect(sink.name?.split(separator: ".").first == sink.meter.name.split(separator: ".").first)
      }
    }
  }

  @Test func `an upload that is rejected for its declared type does not count for its client`() async throws {
    var limits = try limits(deny: ["image/png"])
    limits.maxUploadsPerClient = 1
    try await withHandler(limits: limits) { harness in
      for _ in 0..<3 { try harness.send(request("PUT /a", ["Content-Type: image/png"], body: "x")) }
      try harness.send(request("PUT /a", body: "x"))
      #expect(try harness.statuses() == [415, 415, 415, 201])
    }
  }

  @Test func `a file of a type that is not allowed gets 415 as soon as its type is detected`() async throws {
    try await withHandler(limits: limits(allow: ["image/*"])) { harness in
      let declared = "Content-Type: image/png"
      try harness.send(request("PUT /a", [declared, "Content-Length: 5000"]) + String(repeating: "a", count: 1444))
      #expect(try harness.statuses() == [])
      try harness.send("a")
      #expect(try harness.statuses() == [415])
      #expect(harness.store.sink?.isAborted == true)
    }
    try await withHandler(limits: limits(allow: ["image/*"])) { harness in
      try harness.send(request("PUT /a", ["Content-Type: text/plain"], body: "GIF89a"))
      #expect(try harness.statuses() == [201])
      try harness.send(request("PUT /a", ["Content-Type: image/gif"], body: "short"))
      try harness.send(request("PUT /a", ["Content-Type: image/gif"]))
      #expect(try harness.statuses() == [415, 415])
      #expect(harness.store.published == [["a"]])
    }
  }

  @Test func `a denied type gets 415, whether it is declared or detected`() async throws {
    try await withHandler(limits: limits(deny: ["text/html", "application/pdf"])) { harness in
      try harness.send(request("PUT /a", ["Content-Type: text/html"], body: "x"))
      #expect(try harness.statuses() == [415])
      #expect(harness.store.sinks.isEmpty)
      try harness.send(request("PUT /a", ["Content-Type: text/plain"], body: "x"))
      #expect(try harness.statuses() == [201])
      try harness.send(request("PUT /a", ["Content-Type: text/plain"], body: Self.pdf))
      #expect(try harness.statuses() == [415])
    }
  }

  @Test(
    arguments: [
      // Malformed declarations count as none.
      ("PUT /a", ["Content-Type: text/plain,text/html"], "x", 201, "text/plain"),
      ("PUT /a", ["Content-Type: text/plain,text/html"], "\u{1}", 201, "application/octet-stream"),
      ("PUT /a", ["Content-Type: text/plain,text/html"], "<script>x", 415, nil),
      ("PUT /a.html", ["Content-Type: text/plain,text/html"], "\u{1}", 415, nil),
      ("PUT /a", ["Content-Type: text/plain", "Content-Type: text/html"], "x", 201, "text/plain"),
      ("PUT /a", ["Content-Type: TEXT/HTML; charset=x"], "x", 415, nil),
      // Beginnings that a parser of HTML skips.
      ("PUT /a", [], "\0<html><script>x", 415, nil),
      ("PUT /a", ["Content-Type: text/plain"], "\0\0\n<script>", 415, nil),
      ("PUT /a.html", [], "\0\u{1}x", 415, nil), ("PUT /a", [], "\u{FEFF}<!doctype html>", 415, nil),
      ("PUT /a.html", ["Content-Type: image/png"], "\u{1}", 415, nil), ("PUT /a.html", [], "x", 201, "text/plain"),
      ("PUT /a", [], "\0<htm", 201, "application/octet-stream"),
      // Text that counts as a table by its name alone.
      ("PUT /a.csv", [], "x", 415, nil), ("PUT /a", ["Content-Type: text/csv"], "x", 415, nil),
      ("PUT /a", [], "a,b\n1,2\n", 415, nil),
      ("PUT /a.txt", [], "x", 201, "text/plain"),
    ] as [(String, [String], String, Int, String?)]
  )
  func `a file is rejected when it could be reported with a denied type, and stored otherwise`(
    line: String,
    fields: [String],
    body: String,
    status: Int,
    type: String?
  )
    async throws
  {
    try await withHandler(limits: limits(deny: ["text/html", "text/csv"])) { harness in
      try harness.send(request(line, fields, body: body))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 \(status) "), "\(response)")
      if let type { #expect(response.contains("\"type\":\"\(type)\""), "\(response)") }
      #expect(harness.store.published == (type == nil ? [] : [[String(line.dropFirst(5))]]))
    }
  }

  @Test func `only a file that would be reported with an allowed type is stored`() async throws {
    try await withHandler(limits: limits(allow: ["text/csv"])) { harness in
      try harness.send(request("PUT /a.csv", body: "one column"))
      #expect(try harness.received().contains(#""type":"text/csv""#))
      try harness.send(request("PUT /b.txt", body: "one column"))
      try harness.send(request("PUT /c.csv", body: "\u{1}"))
      #expect(try harness.statuses() == [415, 415])
    }
  }

  @Test func `a malformed declared type of a form's part counts as none`() async throws {
    try await withHandler(limits: limits(deny: ["text/html"])) { harness in
      let form =
        "--b\r\nContent-Disposition: form-data; name=f; filename=a\r\nContent-Type: text/plain,text/html\r\n\r\nx\r\n--b--\r\n"
      try harness.send(request("POST /file-upload", ["Content-Type: multipart/form-data; boundary=b"], body: form))
      #expect(try harness.received().contains(#""type":"text/plain""#))
      #expect(harness.store.sink?.meter.declaredType == nil)
    }
  }

  @Test func `with --on-cut keep an interrupted body of a denied type is not kept`() async throws {
    var limits = try limits(deny: ["text/html"])
    limits.onCut = .keep
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 100"]) + "<html>")
      harness.sendEnd()
      #expect(try harness.statuses() == [400])
      #expect(harness.store.published == [])
    }
  }

  @Test(arguments: ["application/pdf", nil])
  func `one part of a denied type, declared or detected, fails the whole form`(
    declared: String?
  ) async throws {
    try await withHandler(limits: limits(deny: ["application/pdf"])) { harness in
      let head = "--b\r\nContent-Disposition: form-data; name=f; filename=a\r\n"
      let form =
        "\(head)\r\nx\r\n\(head)\(declared.map { "Content-Type: \($0)\r\n" } ?? "")\r\n\(Self.pdf)\r\n--b--\r\n"
      try harness.send(request("POST /file-upload", ["Content-Type: multipart/form-data; boundary=b"], body: form))
      #expect(try harness.statuses() == [415])
      #expect(harness.store.published == [])
    }
  }

  @Test func `raw uploads are stored only with an allowed detected type`() async throws {
    try await RawHarness.with(limits: limits(allow: ["application/pdf"])) { harness in
      try harness.send(Self.pdf)
      harness.fire(ChannelEvent.inputClosed)
      let response = try harness.received()
      #expect(response.contains("\"status\":201") && response.contains("application/pdf"), "\(response)")
      #expect(harness.store.sink?.name?.hasSuffix(".pdf") == true)
    }
    try await RawHarness.with(limits: limits(allow: ["application/pdf"])) { harness in
      try harness.send("plain")
      harness.fire(ChannelEvent.inputClosed)
      #expect(try harness.received().contains("\"status\":415"))
    }
  }
}
