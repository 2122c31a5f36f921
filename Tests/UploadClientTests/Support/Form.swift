/// Parses a form with one file.
enum Form {
  /// The file's content; nil when the form is not one complete part with the closing boundary.
  static func content(of body: [UInt8], boundary: String) -> [UInt8]? {
    let start = Array("--\(boundary)\r\n".utf8)
    let end = Array("\r\n--\(boundary)--\r\n".utf8)
    guard body.starts(with: start), body.reversed().starts(with: end.reversed()),
      let head = body.prefix(2000).firstRange(of: Array("\r\n\r\n".utf8))
    else { return nil }
    return Array(body[head.upperBound...].dropLast(end.count))
  }
}
