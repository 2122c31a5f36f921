package import UploadCore

/// A file in the store.
package struct StoredFile: Sendable, Equatable {
  /// The name, byte for byte.
  package var nameBytes: NameBytes
  /// The name as text; bytes that are not UTF-8 are escaped.
  package var name: String { nameBytes.description }
  /// In bytes.
  package var size: UInt64
  /// Media type as noted when it was stored; nil where that is not known.
  package var type: String?
  /// Last change, in seconds since 1970.
  package var modified: Int64
  /// Whether it has replaced another file of that name.
  package var replaced: Bool
  /// Those digests of its content that were computed when it was stored.
  package var digests: ContentDigests

  package init(
    name: NameBytes,
    size: UInt64,
    type: String?,
    modified: Int64,
    replaced: Bool = false,
    digests: ContentDigests = ContentDigests()
  ) {
    nameBytes = name
    self.size = size
    self.type = type
    self.modified = modified
    self.replaced = replaced
    self.digests = digests
  }
}

/// Distinguishes the contents that a name has had, as far as the store can.
package struct FileVersion: Sendable, Equatable {
  /// Last change, in seconds since 1970.
  package let modified: Int64
  /// Different for different contents: letters, digits and hyphens.
  package let text: String

  package init(modified: Int64, text: String) {
    self.modified = modified
    self.text = text
  }
}
