package import UploadCore

/// What is known of a file once its last byte has come.
package struct FileEnd: Sendable {
  /// What it is to be called; the store may have to number it.
  package var name: FileName
  /// Media type to note with it.
  package var type: String?
  /// What its content must have, else nothing is stored.
  package var expected: ContentDigests
  /// Computes digests that nobody knew of before the end, so that the file has to be read again for them.
  package var late: (any ContentHash)?
  /// What must hold of the file that has the name when it is published.
  package var condition: PublishCondition?
  /// What happens when the name is taken; nil for what the store does otherwise.
  var onDuplicate: DuplicatePolicy?

  package init(
    name: FileName,
    type: String? = nil,
    expected: ContentDigests = ContentDigests(),
    late: (any ContentHash)? = nil,
    condition: PublishCondition? = nil
  ) {
    self.name = name
    self.type = type
    self.expected = expected
    self.late = late
    self.condition = condition
  }
}
