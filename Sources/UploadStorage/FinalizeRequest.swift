package import UploadCore

/// What a file is to become once its last byte has arrived.
package struct FinalizeRequest: Sendable {
  /// The requested name; the store may have to number it.
  package var name: FileName
  /// Media type to note with the file.
  package var type: String?
  /// The digests that its content must have; otherwise nothing is stored.
  package var expected: ContentDigests
  /// Computes digests that were not requested before the end, for which the file has to be read again.
  package var late: (any ContentHash)?
  /// What must hold of the file that has the name when this one is published.
  package var condition: PublishCondition?
  /// What happens when the name is taken; nil for what the store is configured to do.
  package var onDuplicate: DuplicatePolicy?

  package init(
    name: FileName,
    type: String? = nil,
    expected: ContentDigests = ContentDigests(),
    late: (any ContentHash)? = nil,
    condition: PublishCondition? = nil,
    onDuplicate: DuplicatePolicy? = nil
  ) {
    self.name = name
    self.type = type
    self.expected = expected
    self.late = late
    self.condition = condition
    self.onDuplicate = onDuplicate
  }
}

/// What must hold of the file that has the requested name for an upload to be published.
///
/// It is checked when the upload begins and again at the moment in which the file gets its name, so that an upload that
/// was published in between is noticed.
package struct PublishCondition: Sendable {
  /// The requested name; nil when the request names none, so that no file can have it.
  package let name: FileName?
  /// Throws why the upload must not be published. Gets the version of the file that has the name; nil when none has.
  package let check: @Sendable (FileVersion?) throws(UploadError) -> Void

  package init(name: FileName?, check: @escaping @Sendable (FileVersion?) throws(UploadError) -> Void) {
    self.name = name
    self.check = check
  }
}

/// What happens when a file with the requested name exists already.
package enum DuplicatePolicy: String, Sendable, CaseIterable {
  /// The new one becomes `name (2).ext`.
  case rename
  /// The upload is rejected (409).
  case error
  /// The new one replaces the old one, once it is durable.
  case replace
}

/// What must be durable before the client is told that a file is stored.
package enum Durability: String, Sendable, CaseIterable {
  /// File and directory are synced: the file is there after a power cut.
  case full
  /// The file is synced; its name may be lost in a power cut.
  case file
  /// Nothing is synced: the kernel writes when it chooses to.
  case none
}
