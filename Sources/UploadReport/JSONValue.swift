import UploadCore

/// A JSON value (RFC 8259) whose objects keep the order of their keys, so that the lines of `--json` read the same
/// every time.
package enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case unsigned(UInt64)
  /// Written with at most three decimals, always with a point; what is not finite becomes `null`.
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object([(String, JSONValue)])

  /// The value, or `null` where there is none.
  package static func optional(_ text: String?) -> JSONValue {
    text.map { .string($0) } ?? .null
  }

  /// The value, or `null` where there is none.
  package static func optional(_ number: UInt64?) -> JSONValue {
    number.map { .unsigned($0) } ?? .null
  }

  /// The value, or `null` where there is none.
  package static func optional(_ number: Double?) -> JSONValue {
    number.map { .double($0) } ?? .null
  }

  /// The value as text on one line, without spaces.
  ///
  /// Every character that could control a terminal, disguise a name or begin another output line
  /// (``PlainText/isUnsafe(_:)``) is written as `\uXXXX`, so the text is safe to show and has exactly the value's content.
  package var serialized: String {
    var text = ""
    write(to: &text)
    return text
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .unsigned(let value): text += String(value)
    case .double(let value): text += Self.text(of: value)
    case .string(let value): Self.write(value, to: &text)
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        value.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, (key, value)) in members.enumerated() {
        if index > 0 { text += "," }
        Self.write(key, to: &text)
        text += ":"
        value.write(to: &text)
      }
      text += "}"
    }
  }

  private static func text(of value: Double) -> String {
    guard value.isFinite else { return "null" }
    // From here on a double has no thousandths, and multiplying could overflow.
    guard abs(value) < 1e12 else { return "\(value)" }
    let rounded = (value * 1000).rounded() / 1000
    // Thousandths below zero must not print as -0.0; Swift prints 0.0001 and smaller with an exponent, none is left.
    return rounded == 0 ? "0.0" : "\(rounded)"
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    if string.unicodeScalars.contains(where: mustEscape) {
      for scalar in string.unicodeScalars {
        if mustEscape(scalar) { writeEscape(of: scalar, to: &text) } else { text.unicodeScalars.append(scalar) }
      }
    } else {
      text += string
    }
    text += "\""
  }

  private static func mustEscape(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\"" || scalar == "\\" || PlainText.isUnsafe(scalar)
  }

  private static func writeEscape(of scalar: Unicode.Scalar, to text: inout String) {
    switch scalar {
    case "\"": text += "\\\""
    case "\\": text += "\\\\"
    case "\n": text += "\\n"
    case "\r": text += "\\r"
    case "\t": text += "\\t"
    default:
      // Two escapes, a surrogate pair, beyond the basic plane.
      for unit in String(scalar).utf16 {
        let digits = String(unit, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
  }
}

extension JSONValue {
  /// A speed in whole bytes per second: fractions of a byte would only be noise. What is not a positive number is 0.
  static func speed(_ bytesPerSecond: Double) -> JSONValue {
    .unsigned(UInt64(exactly: min(max(0, bytesPerSecond.isNaN ? 0 : bytesPerSecond), 1e18).rounded()) ?? 0)
  }
}
