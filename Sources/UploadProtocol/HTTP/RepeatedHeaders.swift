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

    /// Whether the beginning of a field, of at least one byte, may become one of these.
    static func begins(_ line: Slice<UnsafeRawBufferPointer>) -> Bool {
      if let colon = line.firstIndex(of: ASCII.colon) { return Varying(line[..<colon]) != nil }
      let names: [StaticString] = ["content-length", "content-type", "x-oc-mtime"]
      return !line.isEmpty && names.contains { $0.utf8CodeUnitCount >= line.count && line.agrees(with: $0) }
    }
  }

  /// How far headers can be read.
  package enum Reading: Equatable, Sendable {
    case complete(RepeatedHeaders)
    /// All that has arrived may begin such headers.
    case incomplete
    /// They have another form, or other fields.
    case other
  }

  /// A field that may not differ, or its beginning.
  enum CommonField {
    /// With its CRLF.
    case whole(UnsafeRawBufferPointer)
    /// What has arrived of it, perhaps nothing.
    case beginning(UnsafeRawBufferPointer)
    /// There are no more.
    case end
  }

  /// Reads the headers of a request in their plainest form: `PUT`, HTTP/1.1, CRLF behind every field, no folded field,
  /// each of the fields that may differ at most once, and `Content-Length` present.
  /// - Parameters:
  ///   - bytes: begin with the request, and may end anywhere.
  ///   - matches: gets the fields that may not differ, in their order; false where it expects another one.
  static func read(_ bytes: UnsafeRawBufferPointer, matches: (CommonField) -> Bool) -> Reading {
    let head = UnsafeRawBufferPointer(rebasing: bytes.prefix(longest))
    // Longer headers are not awaited.
    let incomplete = bytes.count < longest ? Reading.incomplete : .other
    let target: Range<Int>
    var position: Int
    switch head.line(from: 0) {
    case .whole(let end):
      guard let range = Self.target(head, end) else { return .other }
      (target, position) = (range, end + 2)
    case .beginning(let end): return head[..<end].agrees(with: "PUT /") ? incomplete : .other
    case .malformed: return .other
    }
    var bodyLength: Int?
    var (contentType, modified): (Range<Int>?, Range<Int>?)
    while true {
      let start = position
      let end: Int
      switch head.line(from: start) {
      case .whole(let index): end = index
      case .beginning(let end):
        let line = head[start..<end]
        let isBeginning = Varying.begins(line) || matches(.beginning(UnsafeRawBufferPointer(rebasing: line)))
        return isBeginning ? incomplete : .other
      case .malformed: return .other
      }
      position = end + 2
      if end == start { break }
      guard let colon = head[start..<end].firstIndex(of: ASCII.colon), !ASCII.isBlank(head[start]) else {
        return .other
      }
      guard let varying = Varying(head[start..<colon]) else {
        guard matches(.whole(UnsafeRawBufferPointer(rebasing: head[start..<position]))) else { return .other }
        continue
      }
      guard let value = Self.value(head, colon + 1..<end) else { return .other }
      switch varying {
      case .contentLength:
        guard bodyLength == nil, let number = Self.number(head[value]) else { return .other }
        bodyLength = number
      case .contentType:
        guard contentType == nil else { return .other }
        contentType = value
      case .modified:
        guard modified == nil else { return .other }
        modified = value
      }
    }
    guard let bodyLength, matches(.end) else { return .other }
    return .complete(
      RepeatedHeaders(
        target: target,
        length: position,
        bodyLength: bodyLength,
        contentType: contentType,
        modified: modified
      )
    )
  }

  /// The length in bytes of what remains of headers of which a part has arrived before.
  /// - Parameter bytes: begin behind that part, and may end anywhere.
  /// - Returns: perhaps only a part of the rest, where its beginning may complete the empty line that ends headers; nil where
  ///   it is not in them yet.
  package static func sizeOfRest(_ bytes: UnsafeRawBufferPointer) -> Int? {
    for end: StaticString in ["\n\r\n", "\r\n", "\n"] where bytes.has(end, at: 0) { return end.utf8CodeUnitCount }
    let head = UnsafeRawBufferPointer(rebasing: bytes.prefix(longest))
    return head.indices.first { head[$0] == ASCII.carriageReturn && head.has("\r\n\r\n", at: $0) }.map { $0 + 4 }
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
    let reading = RepeatedHeaders.read(bytes) { field in
      if case .whole(let line) = field { lines += line }
      return true
    }
    guard case .complete = reading else { return nil }
    self.lines = lines
  }

  /// Reads the headers of a further request on the same connection.
  /// - Parameter bytes: begin with the request, and may end anywhere.
  package func read(_ bytes: UnsafeRawBufferPointer) -> RepeatedHeaders.Reading {
    lines.withUnsafeBytes { lines in
      var position = 0
      return RepeatedHeaders.read(bytes) { field in
        switch field {
        case .whole(let line):
          guard lines[position...].starts(with: line) else { return false }
          position += line.count
          return true
        case .beginning(let line):
          // The empty line that ends the headers may have begun, too.
          return lines[position...].starts(with: line)
            || (position == lines.count && line.elementsEqual([ASCII.carriageReturn]))
        case .end: return position == lines.count
        }
      }
    }
  }

  /// The complete headers that `bytes` begin with; nil when they are incomplete, or have other fields or another form.
  package func head(of bytes: UnsafeRawBufferPointer) -> RepeatedHeaders? {
    if case .complete(let head) = read(bytes) { head } else { nil }
  }
}

/// A line of headers from an offset on, as far as it has arrived.
private enum Line {
  /// - Parameter end: the offset of its CRLF.
  case whole(end: Int)
  /// - Parameter end: the offset behind the last byte that has arrived.
  case beginning(end: Int)
  /// A CR or LF stands by itself.
  case malformed
}

extension UnsafeRawBufferPointer {
  fileprivate func line(from start: Int) -> Line {
    var index = start
    while index < count {
      switch self[index] {
      case ASCII.carriageReturn:
        guard index + 1 < count else { return .beginning(end: count) }
        return self[index + 1] == ASCII.lineFeed ? .whole(end: index) : .malformed
      case ASCII.lineFeed: return .malformed
      default: index += 1
      }
    }
    return .beginning(end: count)
  }

  fileprivate func has(_ text: StaticString, at start: Int) -> Bool {
    start + text.utf8CodeUnitCount <= count
      && text.withUTF8Buffer { self[start..<start + $0.count].elementsEqual($0) }
  }
}

extension Slice<UnsafeRawBufferPointer> {
  /// Whether these bytes and `text` are equal as far as both go; the bytes may have small letters as capitals.
  fileprivate func agrees(with text: StaticString) -> Bool {
    text.withUTF8Buffer { zip(self, $0).allSatisfy { $0 == $1 || ASCII.lowercased($0) == $1 } }
  }
}
