/// A character set of which names are converted to UTF-8.
enum Charset {
  /// Includes US-ASCII.
  case utf8
  case latin1

  /// Nil for every other set.
  init?(_ name: some Collection<UInt8>) {
    if name.equalsIgnoringCase("utf-8") || name.equalsIgnoringCase("us-ascii") {
      self = .utf8
    } else if name.equalsIgnoringCase("iso-8859-1") {
      self = .latin1
    } else {
      return nil
    }
  }

  /// The text that `bytes` stand for, in UTF-8. Bytes that are UTF-8 by name only are returned as they are.
  func utf8(_ bytes: [UInt8]) -> [UInt8] {
    switch self {
    case .utf8: bytes
    case .latin1: bytes.flatMap { String(Unicode.Scalar($0)).utf8 }
    }
  }
}
