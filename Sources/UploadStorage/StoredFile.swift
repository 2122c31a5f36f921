package import UploadCore

/// A file in the store.
package struct StoredFile: Sendable, Equatable {
  package var name: String
  /// In bytes.
  package var size: UInt64
  /// Media type as noted when it was stored; nil where that is not known.
  package var type: String?
  /// Last change, in seconds since 1970.
  package var modified: Int64
  /// Whether it took the place of another file of that name.
  package var replaced: Bool
  /// Of its content, those that were computed when it was stored.
  package var digests: ContentDigests

  package init(
    name: String,
    size: UInt64,
    type: String?,
    modified: Int64,
    replaced: Bool = false,
    digests: ContentDigests = ContentDigests()
  ) {
    self.name = name
    self.size = size
    self.type = type
    self.modified = modified
    self.replaced = replaced
    self.digests = digests
  }
}
