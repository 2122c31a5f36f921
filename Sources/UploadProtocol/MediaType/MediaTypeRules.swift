package import UploadCore

/// Which kinds of files are accepted. What the bytes show decides; what a sender declares can only get a file rejected,
/// since anybody can declare anything. Every file that is accepted is reported with a type that these rules accept.
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

  /// Checks a file whose first bytes are known.
  /// - Parameters:
  ///   - detected: what the bytes show; nil, when they show none, counts as `application/octet-stream`.
  ///   - stored: the type that the file is stored and reported with.
  ///   - named: the same, but for what the sender declares: the type it is listed with where none can be noted.
  /// - Throws: ``UploadError`` with code `unsupportedType`.
  package func check(detected: String?, stored: String, named: String) throws(UploadError) {
    let shown = detected ?? MediaTypeNames.unknown
    for type in [stored, named, shown] where denied.contains(where: { $0.matches(type) }) {
      throw refusal("Files of the type \(Excerpt.quoted(type)) are not accepted, whatever type is declared.")
    }
    guard !allowed.isEmpty else { return }
    guard allowed.contains(where: { $0.matches(stored) }) else {
      throw refusal("The content of the file has the type \(Excerpt.quoted(stored)), which is not accepted.")
    }
    guard detected != nil || allowed.contains(where: { $0.matches(shown) }) else {
      throw refusal("The first bytes of the file show no known type, which is not accepted.")
    }
  }

  private func refusal(_ message: String) -> UploadError {
    let taken = allowed.map(\.description).joined(separator: ", ")
    return UploadError(.unsupportedType, message + (allowed.isEmpty ? "" : " Send one of: \(taken)."))
  }
}
