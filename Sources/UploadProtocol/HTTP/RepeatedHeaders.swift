import UploadCore

/// The headers of a PUT request that equal those of one which was accepted on the same connection before, except for the
/// target and the fields that differ between the files of a directory: `Content-Length`, `Content-Type` and `X-OC-Mtime`.
///
/// What was decided by all other fields of the earlier request is right for this one as well, so none of them is parsed
/// again. The ranges are offsets in bytes from the beginning of the request.
package struct RepeatedHeaders: Equatable, Sendable {
  /// Not empty; begins with a slash, has no query and no escapes but those of percent-encoding.
  package let target: Range<Int>
  /// The length of the request line and the headers, with the CRLF that ends them.
  package let length: Int
  /// The length of the body, as `Content-Length` states it.
  package let bodyLength: Int
  /// The value of `Content-Type`, printable ASCII without spaces around it; nil without the field.
  package let contentType: Range<Int>?
  /// The value of `X-OC-Mtime` in the same way.
  package let modified: Range<Int>?

  /// The longest headers that are read here, in bytes, with the request line; longer ones are left to the HTTP decoder.
  package static let longest = 4096
  /// The longest target, in bytes.
  private static let longestTarget = 2048
  /// The most digits of `Content-Length`.
  private static let mostDigits = 9

  /// The fields that may differ.
  private enum Varying {
    case contentLength, contentType, modified

    init?(_ name: Slice<UnsafeRawBufferPointer>) {
      switch name.count {
      case 14 where name.equalsIgnoringCase("content-length"): self = .contentLength
      case 12 where name.equalsIgnoringCase("content-type"): self = .contentType
      case 10 where name.equalsIgnoringCase("x-oc-mtime"): self = .modified
      default: return nil
      }
    }
  }

  /// Reads the headers of a request in their plainest form: `PUT`, HTTP/1.1, CRLF behind every field, no folded field,
  /// each of the fields that may differ at most once, and `Content-Length` present.
  /// - Parameters:
  ///   - bytes: begin with the request, and may end anywhere.
  ///   - common: gets each field that may not differ, with its CRLF, in their order; false to stop.
  /// - Returns: nil for incomplete headers and for every other form of them.
  init?(_ bytes: UnsafeRawBufferPointer, common: (UnsafeRawBufferPointer) -> Bool) {
    let head = UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.longest))
    guard let requestLine = head.lineEnd(from: 0), let target = Self.target(head, requestLine) else { return nil }
    var (position, bodyLength) = (requestLine + 2, nil as Int?)
    var (contentType, modified): (Range<Int>?, Range<Int>?)
    while true {
      guard let end = head.lineEnd(from: position) else { return nil }
      let line = position..<end
      position = end + 2
      if line.isEmpty { break }
      guard let colon = head[line].firstIndex(of: ASCII.colon), !ASCII.isBlank(head[line.lowerBound]) else {
        return nil
      }
      guard let varying = Varying(head[line.lowerBound..<colon]) else {
        guard common(UnsafeRawBufferPointer(rebasing: head[line.lowerBound..<position])) else { return nil }
        continue
      }
      guard let value = Self.value(head, colon + 1..<end) else { return nil }
      switch varying {
      case .contentLength:
        guard bodyLength == nil, let number = Self.number(head[value]) else { return nil }
        bodyLength = number
      case .contentType:
        guard contentType == nil else { return nil }
        contentType = value
      case .modified:
        guard modified == nil else { return nil }
        modified = value
      }
    }
    guard let bodyLength else { return nil }
    (self.target, length, self.bodyLength) = (target, position, bodyLength)
    (self.contentType, self.modified) = (contentType, modified)
  }

  /// The target in a request line of exactly `PUT TARGET HTTP/1.1`.
  private static func target(_ head: UnsafeRawBufferPointer, _ end: Int) -> Range<Int>? {
    let (method, version): (StaticString, StaticString) = ("PUT ", " HTTP/1.1")
    guard end > method.utf8CodeUnitCount + version.utf8CodeUnitCount else { return nil }
    let target = method.utf8CodeUnitCount..<end - version.utf8CodeUnitCount
    guard target.count <= longestTarget, head.has(method, at: 0), head.has(version, at: target.upperBound),
      head[target.lowerBound] == UInt8(ascii: "/"), head[target].allSatisfy(isTargetByte)
    else { return nil }
    return target
  }

  /// Whether a byte may be part of a path (RFC 3986 section 3.3). The decoder accepts others in a target as well.
  private static func isTargetByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "&")...UInt8(ascii: ";"), UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "%"),
      UInt8(ascii: "="), UInt8(ascii: "@"), UInt8(ascii: "_"), UInt8(ascii: "~"):
      true
    default: false
    }
  }

  /// The value of a field without blanks around it; nil when it has anything but printable ASCII.
  private static func value(_ head: UnsafeRawBufferPointer, _ range: Range<Int>) -> Range<Int>? {
    let value = head[range].trimmingBlanks
    guard value.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return nil }
    return value.startIndex..<value.endIndex
  }

  private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
    guard !digits.isEmpty, digits.count <= mostDigits, digits.allSatisfy(ASCII.isDigit) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }
}

/// The fields of an accepted request that do not differ in those that repeat its headers.
package struct RepeatedFields: Equatable, Sendable {
  /// In their order, each with its CRLF.
  private let lines: [UInt8]

  /// Reads complete headers.
  /// - Returns: nil for headers in a form that ``RepeatedHeaders`` does not read.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    var lines: [UInt8] = []
    let head = RepeatedHeaders(bytes) { line in
      lines += line
      return true
    }
    guard head != nil else { return nil }
    self.lines = lines
  }

  /// Reads the headers of a further request on the same connection.
  /// - Parameter bytes: begin with the request, and may end anywhere.
  /// - Returns: nil when they are incomplete, or have other fields or another form.
  package func head(of bytes: UnsafeRawBufferPointer) -> RepeatedHeaders? {
    lines.withUnsafeBytes { lines in
      var position = 0
      let head = RepeatedHeaders(bytes) { line in
        guard lines.count - position >= line.count,
          line.elementsEqual(lines[position..<position + line.count])
        else { return false }
        position += line.count
        return true
      }
      return position == lines.count ? head : nil
    }
  }
}

extension UnsafeRawBufferPointer {
  /// The offset of the first CRLF from `start` on; nil where there is none yet, or a CR or LF by itself.
  fileprivate func lineEnd(from start: Int) -> Int? {
    var index = start
    while index + 1 < count {
      if self[index] == ASCII.carriageReturn { return self[index + 1] == ASCII.lineFeed ? index : nil }
      if self[index] == ASCII.lineFeed { return nil }
      index += 1
    }
    return nil
  }

  fileprivate func has(_ text: StaticString, at start: Int) -> Bool {
    start + text.utf8CodeUnitCount <= count
      && text.withUTF8Buffer { self[start..<start + $0.count].elementsEqual($0) }
  }
}
