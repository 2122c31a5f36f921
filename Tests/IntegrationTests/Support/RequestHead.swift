/// The request line and headers, byte for byte.
enum RequestHead {
  /// The request line, a Host field, the given fields, and the empty line.
  static func bytes(_ method: String, _ target: String, _ fields: [String] = []) -> [UInt8] {
    Array((["\(method) \(target) HTTP/1.1", "Host: localhost"] + fields + ["", ""]).joined(separator: "\r\n").utf8)
  }
}
