/// One HTTP answer as it came over a raw socket.
struct HTTPAnswer {
  let status: Int
  /// The head without its status line.
  let head: String
  let body: String

  /// The whole answers at the beginning of `bytes`: each with its Content-Length, or without a body.
  static func parse(_ bytes: [UInt8]) -> [HTTPAnswer] {
    var answers: [HTTPAnswer] = []
    var rest = bytes[...]
    while let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) {
      let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n", maxSplits: 1)
      let head = lines.count > 1 ? String(lines[1]) : ""
      let field = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
      let length = field.flatMap { Int($0.dropFirst(15).drop { $0 == " " }) } ?? 0
      guard rest.endIndex - end.upperBound >= length else { break }
      let words = lines[0].split(separator: " ")
      let body = String(decoding: rest[end.upperBound..<end.upperBound + length], as: UTF8.self)
      answers.append(HTTPAnswer(status: words.count > 1 ? Int(words[1]) ?? 0 : 0, head: head, body: body))
      rest = rest[(end.upperBound + length)...]
    }
    return answers
  }

  /// The body as an answer.
  var answer: Answer {
    get throws { try Answer(body) }
  }
}
