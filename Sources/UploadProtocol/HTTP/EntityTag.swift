/// An entity tag: an opaque validator of one representation (RFC 9110 section 8.8.3).
package struct EntityTag: Sendable, Hashable {
  /// The bytes between the quotation marks.
  let opaque: [UInt8]
  let isWeak: Bool

  /// The tag as header fields write it, `"x"` or `W/"x"`; bytes that are not UTF-8 become U+FFFD.
  package var text: String {
    "\(isWeak ? "W/" : "")\"\(opaque.repairedText)\""
  }

  /// Strong comparison: neither is weak, and their opaque bytes are equal (RFC 9110 section 8.8.3.2).
  func matchesStrongly(_ other: EntityTag) -> Bool {
    !isWeak && !other.isWeak && opaque == other.opaque
  }

  /// Weak comparison: their opaque bytes are equal, whether the tags are strong or weak.
  func matchesWeakly(_ other: EntityTag) -> Bool {
    opaque == other.opaque
  }
}

extension EntityTag {
  /// A strong tag.
  /// - Parameter opaque: visible ASCII characters except the quotation mark; this is not checked.
  package init(_ opaque: String) {
    self.init(opaque: Array(opaque.utf8), isWeak: false)
  }
}

/// The value of `If-Match` or `If-None-Match`: `*`, or a list of entity tags (RFC 9110 sections 13.1.1 and 13.1.2).
enum EntityTagList: Sendable, Equatable {
  /// `*`: any current representation.
  case any
  case tags([EntityTag])

  /// Reads a field's value. Empty elements of the list are ignored (section 5.6.1.2).
  /// - Parameter value: of repeated fields all values, which the caller joins with commas.
  /// - Returns: nil where the value breaks the grammar or has neither a tag nor `*`.
  init?(_ value: some Collection<UInt8>) {
    var rest = Array(value)[...]
    if rest.trimmingBlanks.elementsEqual("*".utf8) {
      self = .any
      return
    }
    var tags: [EntityTag] = []
    while true {
      rest = rest.drop { ASCII.isBlank($0) || $0 == ASCII.comma }
      if rest.isEmpty { break }
      guard let tag = Self.readTag(&rest) else { return nil }
      tags.append(tag)
      rest.skipBlanks()
      guard rest.isEmpty || rest.first == ASCII.comma else { return nil }
    }
    guard !tags.isEmpty else { return nil }
    self = .tags(tags)
  }

  /// Removes and returns the tag at the front, `[ "W/" ] DQUOTE *etagc DQUOTE`; nil where there is none. `W/` is
  /// case-sensitive.
  private static func readTag(_ rest: inout ArraySlice<UInt8>) -> EntityTag? {
    let isWeak = rest.starts(with: "W/".utf8)
    if isWeak { rest = rest.dropFirst(2) }
    guard rest.skip(ASCII.quote) else { return nil }
    let opaque = rest.read { $0 > 0x20 && $0 != ASCII.quote && $0 != 0x7F }
    return rest.skip(ASCII.quote) ? EntityTag(opaque: Array(opaque), isWeak: isWeak) : nil
  }
}
