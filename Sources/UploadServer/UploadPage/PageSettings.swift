package import UploadCore

/// What the owner of a server can change on its upload page.
package struct PageSettings: Sendable, Equatable {
  /// A greeting above the form, as ``greeting(_:)`` returns it; nil for none.
  package var greeting: String?
  /// Whether the page asks for the sender's name (`--ask-name`).
  package var asksName = false

  /// The longest greeting, in Unicode scalars.
  package static let maxGreeting = 500

  package init() {}

  /// A greeting in the form in which it is shown: text lines separated by `\n`, none of them empty at the beginning or
  /// the end, without characters that control a terminal or disguise text (``PlainText/sanitized(_:)``).
  /// - Parameter text: as the user wrote it, perhaps with several text lines.
  /// - Throws: ``UploadError`` with code `badValue` when nothing is left, or more than ``maxGreeting`` characters are.
  package static func greeting(_ text: String) throws(UploadError) -> String {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { line in
      PlainText.sanitized(String(line.trimmingWhitespace.replacing("\t", with: " ")))
    }
    let shown = lines.joined(separator: "\n").trimmingWhitespace
    guard !shown.isEmpty else { throw UploadError(.badValue, "The greeting is empty. Write some text, or omit it.") }
    let count = shown.unicodeScalars.count
    guard count <= maxGreeting else {
      throw UploadError(.badValue, "The greeting has \(count) characters. Write at most \(maxGreeting).")
    }
    return String(shown)
  }
}
