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
