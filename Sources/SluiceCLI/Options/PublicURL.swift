import UploadClient
import UploadCore

/// The URL at which clients reach a server, perhaps through a proxy: `https://files.example/up`.
struct PublicURL: OptionReadable, Equatable {
  /// The URL without a slash at its end.
  let text: String

  /// Reads an `http` or `https` URL with a host, and perhaps a port and a path; nothing else: the server appends paths to
  /// it, and it is shown to all clients.
  init(_ text: String) throws(UploadError) {
    guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
      throw Self.invalid(text, "does not begin with http:// or https://")
    }
    guard !text.contains("#") else { throw Self.invalid(text, "has a part after #") }
    // Checks the host, the port and the characters, and rejects a user name.
    let target = try SendTarget(text)
    guard target.query == nil else { throw Self.invalid(text, "has a query (the part after ?)") }
    guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
    else {
      throw Self.invalid(text, "contains characters that a URL writes as %XX")
    }
    self.text = String(text.reversed().drop { $0 == "/" }.reversed())
  }

  private static func invalid(_ text: String, _ problem: String) -> UploadError {
    let shown = PlainText.sanitized(text)
    return UploadError(.badValue, "\"\(shown)\" \(problem). Write for example https://files.example/up.")
  }
}
