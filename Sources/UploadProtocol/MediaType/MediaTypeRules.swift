package import UploadCore

/// The media types that a server accepts; by default all. The type detected from a file's bytes decides; a declared
/// type and the name prove nothing. They can cause a rejection, and tell which kind of text a detected `text/plain` is;
/// content of unknown type is accepted only where `application/octet-stream` is. Every accepted file is reported with
/// a type that these rules accept.
package struct MediaTypeRules: Sendable, Equatable {
  /// The accepted types; empty to accept all.
  package var allowed: [MediaTypePattern] = []
  /// The rejected types, which take precedence over ``allowed``.
  package var denied: [MediaTypePattern] = []

  package init(allowed: [MediaTypePattern] = [], denied: [MediaTypePattern] = []) {
    self.allowed = allowed
    self.denied = denied
  }

  /// Checks the type that a client declares, before the first byte of the file.
  /// - Parameter type: the declared type, in any letter case and without parameters; nil, where the client declares
  ///   none, is accepted.
  /// - Throws: ``UploadError`` with code `unsupportedType` where ``denied`` includes the type.
  package func check(declared type: String?) throws(UploadError) {
    guard let type, denied.contains(where: { $0.matches(type) }) else { return }
    throw rejection("Files of type \(Excerpt.quoted(type)) are not accepted.")
  }

  /// Whether every type is accepted.
  package var acceptsAll: Bool { allowed.isEmpty && denied.isEmpty }

  /// Checks a file once its type has been detected from its first bytes.
  /// - Parameters:
  ///   - detected: the detected type; nil, where it is unknown, counts as `application/octet-stream`.
  ///   - stored: the type that the file is stored and reported with.
  ///   - named: the type by `detected` and the file's extension alone, without the declared one. The file is listed
  ///     with it where the file system has no place to store a type.
  /// - Throws: ``UploadError`` with code `unsupportedType` where ``denied`` includes one of the three types, or where
  ///   ``allowed`` is not empty and lacks `stored`, or lacks `application/octet-stream` while `detected` is nil.
  package func check(detected: String?, stored: String, named: String) throws(UploadError) {
    let shown = detected ?? MediaTypeNames.unknown
    for type in [stored, named, shown] where denied.contains(where: { $0.matches(type) }) {
      throw rejection("Files of type \(Excerpt.quoted(type)) are not accepted, whatever type is declared.")
    }
    guard !allowed.isEmpty else { return }
    guard allowed.contains(where: { $0.matches(stored) }) else {
      throw rejection("The file's content has the type \(Excerpt.quoted(stored)), which is not accepted.")
    }
    guard detected != nil || allowed.contains(where: { $0.matches(shown) }) else {
      throw rejection("The file's first bytes match no known type, and such files are not accepted.")
    }
  }

  private func rejection(_ message: String) -> UploadError {
    let accepted = allowed.map(\.description).joined(separator: ", ")
    return UploadError(.unsupportedType, message + (allowed.isEmpty ? "" : " Send one of: \(accepted)."))
  }
}

/// A pattern for media types: `image/png`, `image/*` or `*/*`.
package struct MediaTypePattern: Sendable, Equatable, CustomStringConvertible {
  private let kind: String
  private let subtype: String

  /// Reads a pattern in any letter case, as the options `--allow-type` and `--deny-type` have it.
  /// - Throws: ``UploadError`` with code `badValue` where the text is not `TYPE/SUBTYPE`, `TYPE/*` or `*/*`.
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

  /// The pattern in lower case.
  package var description: String { "\(kind)/\(subtype)" }

  /// Whether this pattern includes a media type, by the name given or the type's usual one; a pattern without `*` also
  /// by any other name of the type.
  /// - Parameter type: in any letter case, without parameters.
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
