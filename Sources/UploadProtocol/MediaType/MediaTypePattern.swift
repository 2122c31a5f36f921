package import UploadCore

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
