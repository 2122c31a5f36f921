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
