import Testing

extension Curl.Reply {
  /// The value of a header field of the last response that has it; nil without one. Only of a run with `--verbose`.
  func field(_ name: String) -> String? {
    let start = "< \(name.lowercased()):"
    let lines = errors.split(whereSeparator: \.isNewline)
    return lines.last { $0.lowercased().hasPrefix(start) }.map { String($0.dropFirst(start.count).drop { $0 == " " }) }
  }
}

extension HTTPResponse {
  /// The value of a header field; nil without one.
  func field(_ name: String) -> String? {
    let start = "\(name.lowercased()):"
    let line = head.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix(start) }
    return line.map { String($0.dropFirst(start.count).drop { $0 == " " }) }
  }
}

extension SluiceServer {
  /// The entity tag of a stored file.
  func entityTag(of name: String) async throws -> String {
    try #require(try await Curl.run(["--verbose", "--head", "\(url)/files/\(name)"]).field("ETag"))
  }
}
