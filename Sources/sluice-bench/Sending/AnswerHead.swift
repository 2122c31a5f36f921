/// The head of an HTTP/1.1 answer, as much of it as tells where the answer ends.
struct AnswerHead: Equatable {
  let status: Int
  /// Bytes up to the body.
  let length: Int
  /// Bytes of the body; 0 when the head names none.
  let bodyLength: Int

  /// Nil when `bytes` do not hold the whole head yet, or it is none.
  init?(_ bytes: [UInt8]) {
    guard let end = bytes.firstRange(of: "\r\n\r\n".utf8) else { return nil }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count > 1, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
    let field = "content-length:"
    let lengths = lines.dropFirst().filter { $0.lowercased().hasPrefix(field) }
    self.status = status
    length = end.upperBound
    bodyLength = lengths.first.flatMap { Int($0.dropFirst(field.count).drop { $0 == " " }) } ?? 0
  }
}
