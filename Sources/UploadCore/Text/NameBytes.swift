import Glibc

/// A name as the bytes that a file system, a URL or a form gives it.
///
/// Usually these are UTF-8, but Linux file systems accept any bytes except NUL and `/`. A Swift string would replace
/// what is not UTF-8 with U+FFFD, and the file could not be found again; so names stay bytes from the request to the
/// disk and back, and become text only where they are shown.
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

  /// Calls `body` with the bytes and a NUL behind them, as system calls want a name.
  package func withCString<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
    try body(bytes.map { CChar(bitPattern: $0) } + [0])
  }
}

extension NameBytes: CustomStringConvertible {
  /// The name as text. Every byte that is not part of valid UTF-8 is written as `\xE9`, the way a shell's `$'…'` has it.
  package var description: String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    var text = String.UnicodeScalarView()
    for piece in pieces {
      switch piece {
      case .scalar(let scalar): text.append(scalar)
      case .invalid(let byte): text.append(contentsOf: Self.escape(byte).unicodeScalars)
      }
    }
    return String(text)
  }

  private static func escape(_ byte: UInt8) -> String {
    // Only bytes from 0x80 on are invalid: always two digits.
    "\\x" + String(byte, radix: 16, uppercase: true)
  }
}

extension NameBytes {
  /// A scalar, or a byte that is not part of valid UTF-8.
  enum Piece: Equatable {
    case scalar(Unicode.Scalar)
    case invalid(UInt8)

    var scalar: Unicode.Scalar? {
      switch self {
      case .scalar(let scalar): scalar
      case .invalid: nil
      }
    }
  }

  /// The bytes decoded as UTF-8 without loss.
  var pieces: [Piece] {
    var parser = Unicode.UTF8.ForwardParser()
    var input = bytes.makeIterator()
    var position = 0
    var pieces: [Piece] = []
    while true {
      switch parser.parseScalar(from: &input) {
      case .valid(let encoded):
        pieces.append(.scalar(Unicode.UTF8.decode(encoded)))
        position += encoded.count
      case .error(let length):
        pieces += bytes[position..<position + length].map { .invalid($0) }
        position += length
      case .emptyInput:
        return pieces
      }
    }
  }

  init(_ pieces: some Sequence<Piece>) {
    var bytes: [UInt8] = []
    for piece in pieces {
      switch piece {
      case .scalar(let scalar): bytes.append(contentsOf: String(scalar).utf8)
      case .invalid(let byte): bytes.append(byte)
      }
    }
    self.init(bytes)
  }
}

/// Names and paths in a `String` without loss.
///
/// Arguments, the file picker and the queue handle paths as strings. A string cannot hold bytes that are not UTF-8, so each
/// such byte becomes one private-use scalar, U+10FE80 for 0x80 to U+10FEFF for 0xFF (as Python's `surrogateescape` does
/// with surrogates, which Swift's strings cannot hold). Where those scalars themselves come as UTF-8, their four bytes
/// are written so too, and every sequence of bytes has one text. ``PlainText/sanitized(_:)`` shows such a byte as `\xE9`.
extension NameBytes {
  private static let base: UInt32 = 0x10FE00
  private static let scalars: ClosedRange<UInt32> = (base + 0x80)...(base + 0xFF)

  /// The bytes that a text from ``losslessText`` stands for.
  package init(lossless text: String) {
    guard Self.mayHoldBytes(text) else {
      self.init(text)
      return
    }
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      if Self.scalars.contains(scalar.value) {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      } else {
        bytes.append(contentsOf: String(scalar).utf8)
      }
    }
    self.init(bytes)
  }

  /// A text that ``init(lossless:)`` makes these bytes of; the name itself where it is UTF-8.
  package var losslessText: String {
    if let text = String(validating: bytes, as: UTF8.self), !Self.mayHoldBytes(text) { return text }
    var text = String.UnicodeScalarView()
    for piece in pieces {
      switch piece {
      case .scalar(let scalar) where !Self.scalars.contains(scalar.value): text.append(scalar)
      case .scalar(let scalar): for byte in String(scalar).utf8 { text.append(Self.scalar(byte)) }
      case .invalid(let byte): text.append(Self.scalar(byte))
      }
    }
    return String(text)
  }

  /// Whether a text from ``losslessText`` stands for bytes that are not UTF-8.
  package static func holdsBytes(_ text: String) -> Bool {
    mayHoldBytes(text) && text.unicodeScalars.contains { scalars.contains($0.value) }
  }

  /// Calls `body` with a path from ``losslessText`` as system calls want it.
  package static func withPath<Result>(
    _ path: String,
    _ body: (UnsafePointer<CChar>) throws -> Result
  ) rethrows -> Result {
    guard mayHoldBytes(path) else { return try path.withCString(body) }
    return try NameBytes(lossless: path).withCString(body)
  }

  /// A quick look: the scalars, as others beyond U+100000, begin with 0xF4 in UTF-8.
  private static func mayHoldBytes(_ text: String) -> Bool {
    text.utf8.contains(0xF4)
  }

  private static func scalar(_ byte: UInt8) -> Unicode.Scalar {
    // Always a scalar: the range holds no surrogate.
    Unicode.Scalar(base + UInt32(byte)) ?? "\u{FFFD}"
  }
}
