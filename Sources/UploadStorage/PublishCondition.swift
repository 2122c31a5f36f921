package import UploadCore

/// What must hold of the file that has the requested name for an upload to be published.
///
/// It is checked when the upload begins and again in the moment in which the file gets its name, so that an upload that
/// was published in between is noticed.
package struct PublishCondition: Sendable {
  /// The requested name; nil when the request names none, so that no file can have it.
  package let name: FileName?
  /// Throws why the upload must not be published. Gets the version of what has the name; nil when nothing has.
  package let check: @Sendable (FileVersion?) throws(UploadError) -> Void

  package init(name: FileName?, check: @escaping @Sendable (FileVersion?) throws(UploadError) -> Void) {
    self.name = name
    self.check = check
  }
}
