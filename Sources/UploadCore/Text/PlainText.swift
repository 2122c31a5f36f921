/// Text from strangers, made safe to show: on a terminal, in a log line, in an error message.
package enum PlainText {
  /// Returns `text` with every scalar that could steer a terminal or disguise a name replaced by U+FFFD; see
  /// ``InvisibleCharacters`` for the few invisible ones that stay inside words and emoji.
  ///
  /// Measured: `evil\e]0;pwned\a\u{202E}gnp.exe` becomes harmless. A byte that is not UTF-8, in a text from
  /// ``NameBytes/losslessText``, is shown as `\xE9`.
  package static func sanitized(_ text: String) -> String {
    let text = NameBytes.holdsBytes(text) ? NameBytes(lossless: text).description : text
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    let scalars = Array(text.unicodeScalars)
    var result = String.UnicodeScalarView()
    for (scalar, isShown) in zip(scalars, InvisibleCharacters.areShown(scalars)) {
      result.append(isShown ? scalar : "\u{FFFD}")
    }
    return String(result)
  }

  /// Whether a scalar must not reach a terminal by itself: a control, a format or another invisible character, or a
  /// separator of lines.
  package static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    InvisibleCharacters.contains(scalar)
  }
}
