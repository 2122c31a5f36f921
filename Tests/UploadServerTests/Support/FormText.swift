import Testing

/// A form's text, with the boundary `b`.
enum FormText {
  static let type = "Content-Type: multipart/form-data; boundary=b"
  static let end = "--b--\r\n"

  /// One file part.
  static func file(_ name: String, _ content: String, _ fields: [String] = []) -> String {
    let head = ["Content-Disposition: form-data; name=\"f\"; filename=\"\(name)\""] + fields
    return "--b\r\n" + head.joined(separator: "\r\n") + "\r\n\r\n" + content + "\r\n"
  }

  /// One text field.
  static func field(_ name: String, _ content: String) -> String {
    "--b\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(content)\r\n"
  }

  /// A whole request with these parts.
  static func post(_ parts: String...) -> String {
    request("POST /file-upload", [type], body: parts.joined() + end)
  }
}
