import Testing
import UploadTestSupport

/// `sluice send` and servers of others that respond with a page of HTML.
@Suite struct SendForeignPageTests {
  /// Sends a file to a server that responds with these bytes.
  private func send(_ options: [String] = [], response: String) async throws -> Sluice.Ended {
    try await withTemporaryDirectory { directory in
      let (listener, port) = try Socket.listening()
      let file = try directory.random(10, to: "f.bin")
      async let ended = Sluice.run(
        ["send", "--retry", "0", "--to", "http://127.0.0.1:\(port)/upload", file] + options
      )
      let connection = try await listener.accept()
      try await connection.receiveRequest(body: 10)
      // A client need not read all of a long page.
      try? await connection.send(response)
      connection.finish()
      _ = try? await connection.receive()
      return try await ended
    }
  }

  private func response(_ status: String, _ type: String?, _ page: String) -> String {
    let fields = ["HTTP/1.1 \(status)"] + (type.map { ["Content-Type: \($0)"] } ?? [])
    return (fields + ["Content-Length: \(page.utf8.count)", "", page]).joined(separator: "\r\n")
  }

  private static let pages: [(type: String?, page: String, message: String)] = [
    // As nginx writes them.
    (
      "text/html; charset=utf-8",
      "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<center><h1>403 Forbidden</h1></center>\r\n"
        + "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n",
      "Forbidden"
    ),
    // Without a title: the first sentence, and nothing of scripts and styles.
    (
      "text/html",
      "<!doctype html><html><head><style>p { color: red; }</style><script>alert('<title>no</title>')</script></head>"
        + "<body><p>Your disk is <b>full</b>. Ask Mr Smith.</p></body></html>",
      "Your disk is full."
    ),
    // Without a type, with a reference.
    (nil, "\n <!DOCTYPE html><title>Sorry &amp; goodbye</title><p>x</p>", "Sorry & goodbye"),
    ("application/xhtml+xml", "<html><head><title>Closed\n  today</title></head></html>", "Closed today"),
    ("text/html", "<title>a \u{1B}[31mb</title>", "a \u{FFFD}[31mb"),
    // Without any text: what the status means.
    ("text/html", "<html><body><img src=x></body></html>", "Forbidden"),
    // More than is read of a response.
    ("text/html", "<html><title>Long</title>" + String(repeating: "<p>x</p>", count: 20_000), "Long"),
  ]

  @Test(arguments: pages.indices)
  func `an HTML page of an error status is shown as its title or first sentence`(index: Int) async throws {
    let (type, page, message) = Self.pages[index]
    let response = response("403 Forbidden", type, page)
    let plain = try await send(response: response)
    #expect(plain.exit == .status(1), "\(plain)")
    #expect(plain.errors.hasSuffix(" failed: HTTP 403: \(message)\n"), "\(plain.errors)")
    #expect(!"\(plain.errors)\(plain.output)".contains("<"), "\(plain)")
    let json = try await send(["--json"], response: response)
    #expect(json.exit == .status(1) && json.errors == "", "\(json)")
    let failure = try #require(try json.events.first { $0.event == "failed" }?.error, "\(json)")
    #expect(failure.code == "refusedByServer" && failure.message == "HTTP 403: \(message)", "\(failure)")
  }

  @Test func `an HTML page without a length is shown as its title`() async throws {
    let ended = try await send(response: "HTTP/1.0 403 Forbidden\r\n\r\n<html><title>No length</title></html>")
    #expect(ended.exit == .status(1), "\(ended)")
    #expect(ended.errors.hasSuffix(" failed: HTTP 403: No length\n"), "\(ended)")
  }

  @Test func `text/plain that contains a tag is shown unchanged`() async throws {
    let ended = try await send(response: response("403 Forbidden", "text/plain", "<b>is a tag"))
    #expect(ended.errors.hasSuffix(" failed: HTTP 403: <b>is a tag\n"), "\(ended)")
  }

  @Test func `an HTML page of a success status is not shown`() async throws {
    let ended = try await send(response: response("200 OK", "text/html", "<html><title>Thank you</title></html>"))
    #expect(ended.exit == .status(0) && ended.errors == "", "\(ended)")
    #expect(!ended.output.contains("Thank") && !ended.output.contains("<"), "\(ended)")
  }
}
