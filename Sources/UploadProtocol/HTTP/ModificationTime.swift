import Basics
package import HTTPTypes

/// The modification time of a sent file, as the field `X-OC-Mtime` and the key `mtime` of tus state it: seconds since
/// 1970 in decimal digits.
package enum ModificationTime {
  /// The last second of the year 9999. Later times are mistakes, such as milliseconds.
  package static let latest: Int64 = 253_402_300_799

  /// Reads a time. A fraction is ignored.
  /// - Returns: seconds since 1970; nil for a malformed time, one before 1970, and one after ``latest``.
  package static func seconds(_ text: some StringProtocol) -> Int64? {
    var text = String(text)
    return text.withUTF8(seconds)
  }

  private static func seconds(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
    let whole = text.prefix { $0 != UInt8(ascii: ".") }
    guard (1...12).contains(whole.count), whole.allSatisfy(ASCII.isDigit) else { return nil }
    if whole.count < text.count {
      let fraction = text[(whole.count + 1)...]
      guard (1...18).contains(fraction.count), fraction.allSatisfy(ASCII.isDigit) else { return nil }
    }
    let seconds = whole.reduce(into: Int64(0)) { $0 = $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    return seconds <= latest ? seconds : nil
  }
}

extension HTTPField.Name {
  /// The modification time of the file that a request sends (ownCloud, Nextcloud, rclone).
  package static let ocMtime = named("X-OC-Mtime")
}
