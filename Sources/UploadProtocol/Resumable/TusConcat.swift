package import UploadCore

/// The value of `Upload-Concat` of a creation in tus.
package enum TusConcat: Sendable, Equatable {
  /// The upload is a part of another one, and never published as a file.
  case partial
  /// The upload consists of others, in this order and perhaps repeated. Each ID has the alphabet of IDs; whether it
  /// exists is not known.
  case final([String])

  /// The name of the collection in the URL of an upload.
  package static let collection = "uploads"

  /// Reads a field: `partial`, or `final;` and URLs separated by spaces.
  /// - Throws: ``UploadError`` with code `badRequest` for another value, and for a URL that is none of an upload.
  package init(_ text: String) throws(UploadError) {
    if text == "partial" {
      self = .partial
      return
    }
    guard text.hasPrefix("final;") else {
      throw UploadError(.badRequest, "Upload-Concat is invalid. Write partial, or final; and the URLs of the parts.")
    }
    var ids: [String] = []
    for url in text.dropFirst("final;".count).split(separator: " ") {
      guard let id = Self.id(inURL: url) else {
        throw UploadError(.badRequest, "\(Excerpt.quoted(String(url))) in Upload-Concat is not the URL of an upload.")
      }
      ids.append(id)
    }
    guard !ids.isEmpty else { throw UploadError(.badRequest, "Upload-Concat: final states no parts.") }
    self = .final(ids)
  }

  /// The ID in the URL of an upload: `https://HOST/PREFIX/uploads/ID`, `/uploads/ID` or `uploads/ID`. Scheme, host and
  /// prefix may be those of a proxy, so they are not compared; a query is ignored. The ID alone identifies the upload,
  /// and is never part of a file's path unless it has the alphabet of IDs.
  /// - Returns: nil for any other URL, such as one with `.`, `..` or a comma in its path: lists separated by commas are
  ///   a frequent mistake.
  package static func id(inURL url: some StringProtocol) -> String? {
    var path = Array(url.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") })[...]
    if let colon = path.firstIndex(of: ASCII.colon) {
      let scheme = path[..<colon]
      guard scheme.equalsIgnoringCase("http") || scheme.equalsIgnoringCase("https") else { return nil }
      path = path[colon...].dropFirst()
      guard path.starts(with: "//".utf8) else { return nil }
    }
    // The authority.
    if path.starts(with: "//".utf8) { path = path.dropFirst(2).drop { $0 != UInt8(ascii: "/") } }
    guard !path.contains(ASCII.comma) else { return nil }
    let components = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard !components.contains(where: { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }),
      components.dropLast().last?.elementsEqual(collection.utf8) == true, let id = components.last, isID(id)
    else { return nil }
    return id.repairedText
  }

  /// Whether text has the form of an ID: 22 characters of base64url.
  package static func isID(_ text: some Collection<UInt8>) -> Bool {
    text.count == 22 && text.allSatisfy { ASCII.isAlphanumeric($0) || $0 == ASCII.dash || $0 == UInt8(ascii: "_") }
  }
}
