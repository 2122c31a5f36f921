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
    return extensionsByType[essence.repairedText]
  }

  private static let typesByExtension = Dictionary(
    MediaTypeTable.entries.flatMap { entry in entry.extensions.map { ($0, entry.type) } },
    uniquingKeysWith: { first, _ in first }
  )

  private static let extensionsByType = Dictionary(
    MediaTypeTable.entries.compactMap { entry in entry.extensions.first.map { (entry.type, $0) } },
    uniquingKeysWith: { first, _ in first }
  )
}
