import UploadCore

/// A JSON value (RFC 8259) whose objects keep the order of their keys, so that the fields of an event always have the
/// same order.
package enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case unsigned(UInt64)
  /// Written with one to three decimals, from 10^12 on as Swift prints it; NaN and infinity become `null`.
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object([(String, JSONValue)])

  /// ``string(_:)`` of a text; `null` for nil.
  package static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

  /// ``unsigned(_:)`` of a number; `null` for nil.
  package static func optional(_ number: UInt64?) -> JSONValue { number.map { .unsigned($0) } ?? .null }

  /// ``double(_:)`` of a number, so with at most three decimals; `null` for nil.
  package static func optional(_ number: Double?) -> JSONValue { number.map { .double($0) } ?? .null }

  /// A speed rounded to whole bytes per second, at most 10^18; 0 for NaN and negative numbers.
  static func speed(_ bytesPerSecond: Double) -> JSONValue {
    .unsigned(UInt64(exactly: min(max(0, bytesPerSecond.isNaN ? 0 : bytesPerSecond), 1e18).rounded()) ?? 0)
  }

  /// The value as JSON text, without line ends, and without spaces except in strings.
  ///
  /// Every character that could control a terminal, disguise a name or begin another output line
  /// (``PlainText/isUnsafe(_:)``) is written as `\uXXXX`, so the text is safe to show and has exactly the value's
  /// content.
  package var serialized: String {
    var text = ""
    append(to: &text)
    return text
  }

  private func append(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .unsigned(let value): text += String(value)
    case .double(let value): text += Self.text(of: value)
    case .string(let value): Self.appendQuoted(value, to: &text)
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        value.append(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += "," }
        Self.appendQuoted(member.0, to: &text)
        text += ":"
        member.1.append(to: &text)
      }
      text += "}"
    }
  }

  private static func text(of value: Double) -> String {
    guard value.isFinite else { return "null" }
    // Larger values have no thousandths, and the multiplication could overflow.
    guard abs(value) < 1e12 else { return "\(value)" }
    let rounded = (value * 1000).rounded() / 1000
    // Avoids -0.0. Swift prints an exponent for less than 0.001, which does not occur after rounding.
    return rounded == 0 ? "0.0" : "\(rounded)"
  }

  private static func appendQuoted(_ value: String, to text: inout String) {
    text += "\""
    if isPlain(value) {
      text += value
    } else {
      for scalar in value.unicodeScalars {
        if mustEscape(scalar) { text += escape(scalar) } else { text.unicodeScalars.append(scalar) }
      }
    }
    text += "\""
  }

  /// Whether a text is printable ASCII of which nothing is escaped, as most are.
  private static func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
  }

  private static func mustEscape(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\"" || scalar == "\\" || PlainText.isUnsafe(scalar)
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"": return "\\\""
    case "\\": return "\\\\"
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default:
      // Two UTF-16 units, a surrogate pair, beyond the basic multilingual plane.
      let units = String(scalar).utf16.map { String($0, radix: 16) }
      return units.map { "\\u" + String(repeating: "0", count: 4 - $0.count) + $0 }.joined()
    }
  }
}
