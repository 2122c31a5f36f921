package import UploadCore

/// Which kinds of files are taken. What the bytes show decides; what a sender declares can only get it refused, since
/// anybody can declare anything.
package struct MediaTypeRules: Sendable, Equatable {
  /// Only these; empty for all.
  package var allowed: [MediaTypePattern] = []
  /// None of these; stronger than ``allowed``.
  package var denied: [MediaTypePattern] = []

  package init(allowed: [MediaTypePattern] = [], denied: [MediaTypePattern] = []) {
    self.allowed = allowed
    self.denied = denied
  }

  /// Checks the type that a sender declares, before a byte has come; nil when it declares none.
  /// - Throws: ``UploadError`` with code `unsupportedType`.
  package func check(declared type: String?) throws(UploadError) {
    guard let type, denied.contains(where: { $0.matches(type) }) else { return }
    throw refusal("Files of the type \(Excerpt.quoted(type)) are not taken here.")
  }

  /// Checks the type that the bytes show; nil, when they show none, counts as `application/octet-stream`.
  /// - Throws: ``UploadError`` with code `unsupportedType`.
  package func check(detected type: String?) throws(UploadError) {
    let known = type ?? MediaTypeNames.unknown
    let isDenied = denied.contains { $0.matches(known) }
    guard isDenied || !(allowed.isEmpty || allowed.contains { $0.matches(known) }) else { return }
    let what = type.map { "Its content is of the type \($0)" } ?? "Its content is of no type that is known"
    throw refusal("The file is not taken here. \(what), whatever was declared.")
  }

  private func refusal(_ message: String) -> UploadError {
    let taken = allowed.map(\.description).joined(separator: ", ")
    return UploadError(.unsupportedType, message + (allowed.isEmpty ? "" : " Send one of: \(taken)."))
  }
}
