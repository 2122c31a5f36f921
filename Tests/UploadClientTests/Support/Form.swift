/// A form of one file, read back the way a server would have to.
enum Form {
  /// The file's content; nil when the form is not one whole part with the boundary's end behind it.
  static func content(of body: [UInt8], boundary: String) -> [UInt8]? {
    let start = Array("--\(boundary)\r\n".utf8)
    let end = Array("\r\n--\(boundary)--\r\n".utf8)
    guard body.starts(with: start), body.reversed().starts(with: end.reversed()),
      let head = body.prefix(2000).firstRange(of: Array("\r\n\r\n".utf8))
    else { return nil }
    return Array(body[head.upperBound...].dropLast(end.count))
  }
}
