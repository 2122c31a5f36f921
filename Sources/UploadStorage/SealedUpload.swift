package import UploadCore

/// A file whose bytes are all written, and synced as far as asked, but that has no name yet.
package struct SealedUpload: Sendable {
  package let meter: UploadMeter
  /// What it is to be called.
  package let name: FileName
  /// Media type to note with it.
  package let type: String?
  /// Of its content, those that were computed.
  package let digests: ContentDigests
  /// What must hold of the file that has the name when it is published.
  var condition: PublishCondition?
  let file: PartialFile

  /// Drops the file; blocks. It must not have been published.
  func discard() {
    file.discard()
  }
}
