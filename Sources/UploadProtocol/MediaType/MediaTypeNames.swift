/// Maps file name extensions to media types and back, and chooses among what is known of a file's type.
package enum MediaTypeNames {
  /// The media type for a file name by its extension, the text after the last dot in any letter case; nil where there
  /// is none or it is unknown.
  package static func type(forFileName name: String) -> String? {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
    let suffix = name.utf8[dot...].dropFirst()
    // Most are in lower case already.
    let isPlain = suffix.allSatisfy { $0 < 0x80 && ASCII.lowercased($0) == $0 }
    return MediaTypeTable.typesByExtension[isPlain ? String(Substring(suffix)) : Substring(suffix).lowercased()]
  }

  /// The usual file name extension for a media type, in lower case and without a dot; nil where the type is unknown.
  /// - Parameter type: any name of the type, in any letter case; parameters are ignored.
  package static func fileExtension(forType type: String) -> String? {
    let essence = Array(type.utf8.prefix { $0 != ASCII.semicolon }).trimmingBlanks.map(ASCII.lowercased)
    return MediaTypeTable.extensionsByType[usualName(of: essence.repairedText)]
  }

  /// The media type in a Content-Type field, in lower case and without parameters, which are not checked; nil where the
  /// text before the first semicolon is not one `TYPE/SUBTYPE` (MIME Sniffing, section 4.4). Two types with a comma
  /// between them are none: a browser might use either.
  package static func essence(ofField field: String) -> String? {
    var field = field
    return field.withUTF8 { field in
      var essence = field.prefix { $0 != ASCII.semicolon }.drop(while: ASCII.isWhitespace)
      while let last = essence.last, ASCII.isWhitespace(last) { essence.removeLast() }
      // A slash is no byte of a token, so that a second one is noticed.
      guard let slash = essence.firstIndex(of: UInt8(ascii: "/")), essence[..<slash].isToken,
        essence[(slash + 1)...].isToken
      else { return nil }
      return essence.map(ASCII.lowercased).repairedText
    }
  }

  /// The name in ``MediaTypeTable`` of a type that has several; any other type as it is.
  /// - Parameter type: in lower case, without parameters.
  static func usualName(of type: String) -> String {
    MediaTypeTable.typesByAlias[type] ?? type
  }

  /// The best guess of a file's type: the type detected from its bytes, else the declared one, else that of its
  /// extension; nil where all are unknown. A declared `application/octet-stream` counts as unknown.
  ///
  /// A detected `text/plain` is vague: the declared type or that of the extension is preferred where
  /// ``MediaTypeTable/text`` has it, since the bytes of such files often look like plain text.
  /// - Parameter declared: in lower case, without parameters, as ``essence(ofField:)`` returns it.
  package static func best(detected: String?, declared: String?, fileName: String) -> String? {
    let stated = declared == unknown ? nil : declared
    let named = type(forFileName: fileName)
    guard detected == StandardRules.plainText else { return detected ?? stated ?? named }
    return [stated, named].compactMap { $0 }.first { plainTexts.contains(usualName(of: $0)) } ?? detected
  }

  /// The type that says nothing about the content.
  package static let unknown = "application/octet-stream"

  /// The types of ``MediaTypeTable/text``, whose bytes usually look like plain text.
  private static let plainTexts = Set(MediaTypeTable.text.map(\.type))
}
