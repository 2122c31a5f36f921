package import UploadCore

/// Which kinds of files are accepted. What the bytes show decides; what a sender declares can only get a file rejected,
/// since a declaration proves nothing. Every file that is accepted is reported with a type that these rules accept.
package struct MediaTypeRules: Sendable, Equatable {
  /// Only these; empty for all.
  package var allowed: [MediaTypePattern] = []
  /// None of these; stronger than ``allowed``.
  package var denied: [MediaTypePattern] = []

  package init(allowed: [MediaTypePattern] = [], denied: [MediaTypePattern] = []) {
    self.allowed = allowed
    self.denied = denied
  }

  /// Checks the type that a sender declares, before the first byte; nil when it declares none.
  /// - Throws: ``UploadError`` with code `unsupportedType`.
  package func check(declared type: String?) throws(UploadError) {
    guard let type, denied.contains(where: { $0.matches(type) }) else { return }
    throw rejection("Files of the type \(Excerpt.quoted(type)) are not taken here.")
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
      throw rejection("Files of the type \(Excerpt.quoted(type)) are not accepted, whatever type is declared.")
    }
    guard !allowed.isEmpty else { return }
    guard allowed.contains(where: { $0.matches(stored) }) else {
      throw rejection("The content of the file has the type \(Excerpt.quoted(stored)), which is not accepted.")
    }
    guard detected != nil || allowed.contains(where: { $0.matches(shown) }) else {
      throw rejection("The first bytes of the file show no known type, which is not accepted.")
    }
  }

  private func rejection(_ message: String) -> UploadError {
    let taken = allowed.map(\.description).joined(separator: ", ")
    return UploadError(.unsupportedType, message + (allowed.isEmpty ? "" : " Send one of: \(taken)."))
  }
}

/// Media types by pattern: `image/png`, `image/*` or `*/*`.
package struct MediaTypePattern: Sendable, Equatable, CustomStringConvertible {
  private let kind: String
  private let subtype: String

  /// - Throws: ``UploadError`` with code `badValue`.
  package init(_ text: String) throws(UploadError) {
    let parts = text.lowercased().split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0 == "*" || ($0.utf8.isToken && !$0.contains("*")) }),
      parts[0] != "*" || parts[1] == "*"
    else {
      throw UploadError(
        .badValue,
        "\(Excerpt.quoted(text)) is not a media type. Write for example image/png, image/* or */*."
      )
    }
    (kind, subtype) = (String(parts[0]), String(parts[1]))
  }

  package var description: String { "\(kind)/\(subtype)" }

  /// Whether a type, without parameters and in any case, is one of these; by whichever of its names.
  package func matches(_ type: String) -> Bool {
    let type = type.lowercased()
    let usual = MediaTypeNames.usualName(of: type)
    return matches(name: type) || matches(name: usual) || MediaTypeNames.usualName(of: description) == usual
  }

  private func matches(name: String) -> Bool {
    let parts = name.split(separator: "/", maxSplits: 1)
    return parts.count == 2 && (kind == "*" || kind == parts[0]) && (subtype == "*" || subtype == parts[1])
  }
}
