/// A file whose bytes have all arrived, on the last part of its way: what is left to write, then the sync, then its name.
struct FinishingFile: Sendable {
  /// What has become of it.
  struct Finished: Sendable {
    var upload: SealedUpload
    /// Where it is stored; nil when it was not to get its name yet.
    var stored: StoredFile?
  }

  /// Whether it gets its name at once.
  var isPublished: Bool
  /// What happens when its name is taken; nil for what the store does otherwise.
  var onDuplicate: DuplicatePolicy?
  /// Whether it is not worth keeping in the page cache.
  var isLarge: Bool
  /// Writes what is left, and makes the file where there is none yet; blocks.
  var write: @Sendable () throws -> SealedUpload
}
