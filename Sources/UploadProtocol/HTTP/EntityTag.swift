/// An entity tag: an opaque validator of one representation (RFC 9110 section 8.8.3).
package struct EntityTag: Sendable, Hashable {
  /// What stands between the quotation marks, as bytes.
  let opaque: [UInt8]
  package let isWeak: Bool

  /// A strong tag.
  /// - Parameter opaque: characters that may stand in a tag: visible ones of ASCII but the quotation mark.
  package init(_ opaque: String) {
    self.init(opaque: Array(opaque.utf8), isWeak: false)
  }

  init(opaque: [UInt8], isWeak: Bool) {
    self.opaque = opaque
    self.isWeak = isWeak
  }

  /// The tag as header fields write it.
  package var text: String {
    (isWeak ? "W/\"" : "\"") + String(decoding: opaque, as: UTF8.self) + "\""
  }

  /// Strong comparison: both are strong and the same (RFC 9110 section 8.8.3.2).
  func matchesStrongly(_ other: EntityTag) -> Bool {
    !isWeak && !other.isWeak && opaque == other.opaque
  }

  /// Weak comparison: the same, whether strong or weak.
  func matchesWeakly(_ other: EntityTag) -> Bool {
    opaque == other.opaque
  }
}

/// The value of `If-Match` or `If-None-Match`: `*`, or a list of entity tags (RFC 9110 sections 13.1.1 and 13.1.2).
enum EntityTagList: Sendable, Equatable {
  /// `*`: any current representation.
  case any
  case tags([EntityTag])

  /// Reads a field's value, its lines joined by commas. As in every list, empty elements are ignored (section 5.6.1.2).
  /// - Returns: nil when the value breaks the grammar, or is empty.
  init?(_ value: some Collection<UInt8>) {
    let bytes = Array(value)
    if bytes.trimmingBlanks.elementsEqual("*".utf8) {
      self = .any
      return
    }
    var reader = Reader(rest: bytes[...])
    guard let tags = reader.readAll(), !tags.isEmpty else { return nil }
    self = .tags(tags)
  }
}

extension EntityTagList {
  private struct Reader {
    private static let comma = UInt8(ascii: ",")

    var rest: ArraySlice<UInt8>

    mutating func readAll() -> [EntityTag]? {
      var tags: [EntityTag] = []
      while true {
        rest = rest.drop { ASCII.isBlank($0) || $0 == Self.comma }
        if rest.isEmpty { return tags }
        guard let tag = readTag() else { return nil }
        tags.append(tag)
        rest.skipBlanks()
        guard rest.isEmpty || rest.first == Self.comma else { return nil }
      }
    }

    /// `[ "W/" ] DQUOTE *etagc DQUOTE`; `W/` is case-sensitive.
    private mutating func readTag() -> EntityTag? {
      let isWeak = rest.starts(with: "W/".utf8)
      if isWeak { rest = rest.dropFirst(2) }
      guard rest.popFirst() == ASCII.quote else { return nil }
      let opaque = rest.take { $0 > 0x20 && $0 != ASCII.quote && $0 != 0x7F }
      guard rest.popFirst() == ASCII.quote else { return nil }
      return EntityTag(opaque: Array(opaque), isWeak: isWeak)
    }
  }
}
