/// A tree of files that one program sends, or one form: its files are shown together.
///
/// A client states it in the field `Sluice-Tree` of each request; a form is a group by itself.
package struct UploadGroup: Sendable, Hashable {
  /// The same for all files of the group: chosen at random by the client, or the form's request.
  package let id: String
  /// What is sent, such as `photos`; made safe to show.
  package let name: String
  /// How many files it has, and their bytes together, as the sender states; nil where it does not.
  package let files: UInt64?
  package let bytes: UInt64?

  package init(id: String, name: String, files: UInt64? = nil, bytes: UInt64? = nil) {
    (self.id, self.name, self.files, self.bytes) = (id, name, files, bytes)
  }
}
