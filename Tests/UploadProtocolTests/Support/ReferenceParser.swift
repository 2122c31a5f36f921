import UploadCore

@testable import UploadProtocol

/// A simple second implementation of the rules of forms, which reads the whole body at once; the real parser must agree
/// with it. Only the parsing of single header lines is shared.
struct ReferenceParser {
  private let delimiter: [UInt8]
  private let limits: MultipartLimits
  /// The body with a CRLF before it, so that the first delimiter is like all others.
  private let text: [UInt8]
  private var transcript = Transcript()

  static func transcript(of body: [UInt8], boundary: MultipartBoundary, limits: MultipartLimits) -> Transcript {
    var parser = ReferenceParser(body: body, boundary: boundary, limits: limits)
    parser.run()
    return parser.transcript
  }

  private init(body: [UInt8], boundary: MultipartBoundary, limits: MultipartLimits) {
    delimiter = boundary.delimiter
    self.limits = limits
    text = [13, 10] + body
  }

  private mutating func run() {
    do throws(UploadError) {
      let (preamble, first) = content(after: 0, startingAt: 2)
      if preamble.count > limits.preambleBytes { throw UploadError(.malformedForm, "") }
      guard var position = first else { throw UploadError(.incomplete, "") }
      var parts = 0
      var files = 0
      var allFields = 0
      while true {
        let blanks = text[position...].prefix { $0 == 32 || $0 == 9 }.count
        if text[position...].starts(with: Array("--".utf8)) {
          transcript.entries.append(.ended)
          return
        }
        try readLineEnd(at: position, blanks: blanks)
        parts += 1
        if parts > limits.parts { throw UploadError(.tooLarge, "") }
        let (headers, start) = try readHeaders(at: position + blanks + 2, allowance: limits.headerBytesPerPart - blanks)
        let (bytes, next) = content(after: start - 2, startingAt: start)
        if let head = try headers.fileHead() {
          if head.filename != "" || !bytes.isEmpty {
            files += 1
            if files > limits.files { throw UploadError(.tooLarge, "") }
            transcript.entries.append(.began(head))
            transcript.add(content: bytes)
            if next != nil { transcript.entries.append(.partEnded) }
          }
        } else {
          allFields += bytes.count
          if bytes.count > limits.fieldBytes || allFields > limits.allFieldBytes { throw UploadError(.tooLarge, "") }
        }
        guard let next else { throw UploadError(.incomplete, "") }
        position = next
      }
    } catch {
      transcript.failure = error.code
    }
  }

  /// The bytes from `start` to the first delimiter that begins at `search` or later, and the index behind that
  /// delimiter. Without a delimiter, bytes at the end that may begin one are not included.
  private func content(after search: Int, startingAt start: Int) -> (ArraySlice<UInt8>, next: Int?) {
    for index in search..<text.count {
      let rest = text[index...]
      if rest.starts(with: delimiter) { return (text[start..<max(start, index)], index + delimiter.count) }
      if delimiter.starts(with: rest) { return (text[start..<max(start, index)], nil) }
    }
    return (text[start...], nil)
  }

  private func readLineEnd(at position: Int, blanks: Int) throws(UploadError) {
    let rest = text[(position + blanks)...]
    if blanks > limits.headerBytesPerPart { throw UploadError(.tooLarge, "") }
    let isOpen = rest.isEmpty || rest == [13] || (blanks == 0 && rest == [45])
    if isOpen { throw UploadError(.incomplete, "") }
    if !rest.starts(with: [13, 10]) { throw UploadError(.malformedForm, "") }
  }

  /// The headers of a part, and the index of its content.
  private func readHeaders(at start: Int, allowance: Int) throws(UploadError) -> (PartHeaders, Int) {
    var headers = PartHeaders()
    var position = start
    var count = 0
    while true {
      let lineFeed = text[position...].firstIndex(of: 10)
      if (lineFeed ?? text.count - 1) + 1 - start > allowance { throw UploadError(.tooLarge, "") }
      guard let lineFeed else { throw UploadError(.incomplete, "") }
      guard lineFeed > position, text[lineFeed - 1] == 13 else { throw UploadError(.malformedForm, "") }
      let line = Array(text[position..<lineFeed - 1])
      position = lineFeed + 1
      if line.contains(13) { throw UploadError(.malformedForm, "") }
      if line.isEmpty { return (headers, position) }
      count += 1
      if count > limits.headersPerPart { throw UploadError(.tooLarge, "") }
      try headers.read(line)
    }
  }
}
