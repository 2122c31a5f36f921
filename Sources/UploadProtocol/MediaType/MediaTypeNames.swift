/// Which media type goes with which ending of a file's name.
package enum MediaTypeNames {
  /// The media type for a file's name by what follows its last dot, in any case; nil when there is none or it is unknown.
  package static func type(forFileName name: String) -> String? {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
    return typesByExtension[name[dot...].dropFirst().lowercased()]
  }

  /// The usual ending, without a dot, of names of files of a media type; nil when the type is unknown.
  ///
  /// The type may be in any case and may have parameters, which do not count. Of several endings it is always the same.
  package static func fileExtension(forType type: String) -> String? {
    let essence = Array(type.utf8.prefix { $0 != ASCII.semicolon }).trimmingBlanks.map(ASCII.lowercased)
    return extensionsByType[usualName(of: essence.repairedText)]
  }

  /// The type that a Content-Type field states, in small letters and without parameters. Nil where the field is malformed
  /// (MIME Sniffing, section 4.4), as it is with two types in it: a browser might use either.
  package static func essence(ofField field: String) -> String? {
    let essence = field.utf8.prefix { $0 != ASCII.semicolon }.map(ASCII.lowercased)
    let trimmed = essence.drop(while: isHTTPWhitespace).reversed().drop(while: isHTTPWhitespace).reversed()
    let parts = Array(trimmed).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return parts.count == 2 && parts.allSatisfy(\.isToken) ? Array(trimmed).repairedText : nil
  }

  private static func isHTTPWhitespace(_ byte: UInt8) -> Bool {
    ASCII.isBlank(byte) || byte == ASCII.lineFeed || byte == ASCII.carriageReturn
  }

  /// The name that ``MediaTypeTable`` has for a type with several names.
  static func usualName(of type: String) -> String {
    MediaTypeTable.aliases[type] ?? type
  }

  /// The most that is known of a file's type: what its bytes show, else what its sender declared, else what its name
  /// stands for; nil when all of these say nothing.
  ///
  /// That bytes are text is little: a declared or named type that is text as well says more, unless it is one that the
  /// bytes of such a file would have shown.
  package static func best(detected: String?, declared: String?, fileName: String) -> String? {
    let stated = declared == unknown ? nil : declared
    let named = type(forFileName: fileName)
    guard detected == StandardRules.plainText else { return detected ?? stated ?? named }
    return [stated, named].compactMap { $0 }.first { plainTexts.contains(usualName(of: $0)) } ?? detected
  }

  /// What says nothing about the content.
  package static let unknown = "application/octet-stream"

  /// Types of texts that look like any other.
  private static let plainTexts = Set(MediaTypeTable.text.map(\.type)).subtracting([
    "text/html", "application/xml", "application/gpx+xml", "application/json", "application/geo+json",
    "application/x-ndjson", "text/vcard", "text/calendar", "text/vtt",
  ])

  private static let typesByExtension = Dictionary(
    MediaTypeTable.entries.flatMap { entry in entry.extensions.map { ($0, entry.type) } },
    uniquingKeysWith: { first, _ in first }
  )

  private static let extensionsByType = Dictionary(
    MediaTypeTable.entries.compactMap { entry in entry.extensions.first.map { (entry.type, $0) } },
    uniquingKeysWith: { first, _ in first }
  )
}
