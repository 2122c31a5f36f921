import Glibc

/// A name as the bytes that a file system, a URL or a form gives it.
///
/// Usually these are UTF-8, but Linux file systems accept any bytes except NUL and `/`. A Swift string would replace
/// other bytes with U+FFFD, and the file could not be found again; so names stay bytes from the request to the disk and
/// back, and become text only where they are shown.
package struct NameBytes: Hashable, Sendable, ExpressibleByStringLiteral {
  package let bytes: [UInt8]

  package init(_ bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
  }

  package init(_ text: String) {
    bytes = Array(text.utf8)
  }

  package init(stringLiteral text: String) {
    self.init(text)
  }

  /// Copies a C string without its NUL.
  package init(cString: UnsafePointer<CChar>) {
    self.init(UnsafeRawBufferPointer(start: cString, count: strlen(cString)))
  }

  package var isEmpty: Bool { bytes.isEmpty }

  /// Whether the bytes are UTF-8, so that ``description`` is the exact name.
  package var isUTF8: Bool { String(validating: bytes, as: UTF8.self) != nil }

  /// Calls `body` with the bytes and a NUL behind them, the C string that system calls expect.
  package func withCString<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
    try body(bytes.map { CChar(bitPattern: $0) } + [0])
  }
}

extension NameBytes: CustomStringConvertible {
  /// The name as text. Every byte that is not part of valid UTF-8 is written as `\xE9`, as in a shell's `$'…'`.
  package var description: String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    return units.map { unit in
      switch unit {
      case .scalar(let scalar): String(scalar)
      // Only bytes from 0x80 on are invalid: always two digits.
      case .invalid(let byte): "\\x" + String(byte, radix: 16, uppercase: true)
      }
    }.joined()
  }
}

extension NameBytes {
  /// A scalar, or a byte that is not part of valid UTF-8.
  enum Unit: Equatable {
    case scalar(Unicode.Scalar)
    case invalid(UInt8)

    /// nil for an invalid byte.
    var scalar: Unicode.Scalar? {
      switch self {
      case .scalar(let scalar): scalar
      case .invalid: nil
      }
    }

    /// The bytes that it was decoded from.
    var bytes: [UInt8] {
      switch self {
      case .scalar(let scalar): Array(String(scalar).utf8)
      case .invalid(let byte): [byte]
      }
    }
  }

  /// The bytes decoded as UTF-8 without loss.
  var units: [Unit] {
    var parser = Unicode.UTF8.ForwardParser()
    var input = bytes.makeIterator()
    var position = 0
    var units: [Unit] = []
    while true {
      switch parser.parseScalar(from: &input) {
      case .valid(let encoded):
        units.append(.scalar(Unicode.UTF8.decode(encoded)))
        position += encoded.count
      case .error(let length):
        units += bytes[position..<position + length].map { .invalid($0) }
        position += length
      case .emptyInput:
        return units
      }
    }
  }

  /// The bytes that ``units`` were decoded from.
  init(_ units: some Sequence<Unit>) {
    self.init(units.flatMap(\.bytes))
  }
}

/// Names and paths in a `String` without loss.
///
/// Arguments, the file picker and the queue handle paths as strings. A string cannot contain bytes that are not UTF-8, so
/// each such byte becomes one private-use scalar, U+10FE80 for 0x80 to U+10FEFF for 0xFF (as Python's `surrogateescape` does
/// with surrogates, which Swift's strings cannot contain). Where those scalars themselves occur as UTF-8, their four bytes
/// are written so too, and every sequence of bytes has one text. ``PlainText/sanitized(_:)`` shows such a byte as `\xE9`.
extension NameBytes {
  private static let base: UInt32 = 0x10FE00
  private static let scalars: ClosedRange<UInt32> = (base + 0x80)...(base + 0xFF)

  /// The bytes that a text from ``losslessText`` stands for.
  package init(lossless text: String) {
    guard Self.mayContainRawBytes(text) else {
      self.init(text)
      return
    }
    self.init(
      text.unicodeScalars.flatMap { scalar -> [UInt8] in
        guard !Self.scalars.contains(scalar.value) else { return [UInt8(truncatingIfNeeded: scalar.value)] }
        return Array(String(scalar).utf8)
      }
    )
  }

  /// A text that ``init(lossless:)`` makes these bytes of; the name itself where it is UTF-8.
  package var losslessText: String {
    if let text = String(validating: bytes, as: UTF8.self), !Self.mayContainRawBytes(text) { return text }
    var text = String.UnicodeScalarView()
    for unit in units {
      if let scalar = unit.scalar, !Self.scalars.contains(scalar.value) {
        text.append(scalar)
      } else {
        text.append(contentsOf: unit.bytes.map(Self.scalar))
      }
    }
    return String(text)
  }

  /// Whether a text from ``losslessText`` stands for bytes that are not UTF-8.
  package static func containsRawBytes(_ text: String) -> Bool {
    mayContainRawBytes(text) && text.unicodeScalars.contains { scalars.contains($0.value) }
  }

  /// Calls `body` with a path from ``losslessText`` as the C string that system calls expect.
  package static func withPath<Result>(
    _ path: String,
    _ body: (UnsafePointer<CChar>) throws -> Result
  ) rethrows -> Result {
    guard mayContainRawBytes(path) else { return try path.withCString(body) }
    return try NameBytes(lossless: path).withCString(body)
  }

  /// A quick check, true for some other texts too: the scalars, as all beyond U+100000, begin with 0xF4 in UTF-8.
  private static func mayContainRawBytes(_ text: String) -> Bool {
    text.utf8.contains(0xF4)
  }

  private static func scalar(_ byte: UInt8) -> Unicode.Scalar {
    // Always a scalar: the range contains no surrogate.
    Unicode.Scalar(base + UInt32(byte)) ?? "\u{FFFD}"
  }
}
