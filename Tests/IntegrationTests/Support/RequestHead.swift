/// The head of a request, byte for byte.
enum RequestHead {
  /// A head with a Host field, the given fields, and the empty line.
  static func bytes(_ method: String, _ target: String, _ fields: [String] = []) -> [UInt8] {
    Array((["\(method) \(target) HTTP/1.1", "Host: localhost"] + fields + ["", ""]).joined(separator: "\r\n").utf8)
  }
}
