/// Text from strangers, made safe to show: on a terminal, in a log line, in an error message.
package enum PlainText {
  /// Returns `text` with every scalar that could steer a terminal or disguise a name replaced by U+FFFD.
  ///
  /// Replaced are C0 and C1 controls, bidirectional controls, zero-width and other format characters, surrogates'
  /// remains, line and paragraph separators. Measured: `evil\e]0;pwned\a\u{202E}gnp.exe` becomes harmless.
  package static func sanitized(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      result.append(isUnsafe(scalar) ? "\u{FFFD}" : scalar)
    }
    return String(result)
  }

  /// Whether a scalar must not reach a terminal or a file name: a control, a format character or a separator of lines.
  package static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
    default: return false
    }
  }
}
