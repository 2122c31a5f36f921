/// The name that the sender of a file states, made safe to show and to name a directory with.
///
/// A client can state any name: it does not prove who the sender is, and grants nothing.
package struct SenderName: Hashable, Sendable, CustomStringConvertible {
  /// The most characters of a name.
  package static let maximumCharacters = 100
  /// The most bytes of a name in UTF-8: 100 characters with many marks or joiners could have thousands.
  package static let maximumLength = 400

  /// The directory for the files of senders who state no name.
  package static let unknownDirectory = FileName("unknown") ?? FileName.fallback

  /// The name without controls and other invisible characters (``InvisibleCharacters``), and without whitespace at its
  /// ends; not empty.
  package let description: String

  /// Makes a safe name of the stated one.
  /// - Parameter stated: in UTF-8; not decoded any further.
  /// - Returns: nil when nothing visible is left of it.
  /// - Throws: ``UploadError`` with code `badRequest` for bytes that are not UTF-8, and for more than
  ///   ``maximumCharacters`` or ``maximumLength``.
  package init?(_ stated: some Collection<UInt8>) throws(UploadError) {
    // Before anything that takes time with the length.
    guard stated.count <= Self.maximumLength else { throw Self.tooLong }
    guard let text = String(validating: stated, as: UTF8.self) else {
      throw UploadError(.badRequest, "The sender's name is not UTF-8. Send it in UTF-8.")
    }
    guard text.count <= Self.maximumCharacters else { throw Self.tooLong }
    let scalars = Array(text.unicodeScalars)
    let shown = zip(scalars, InvisibleCharacters.areShown(scalars)).compactMap { $1 ? $0 : nil }
    let name = String(String.UnicodeScalarView(shown)).trimmingWhitespace
    guard !name.isEmpty else { return nil }
    description = String(name)
  }

  /// The name of the directory for the files of this sender: this name, with slashes replaced by underscores, by the
  /// rules of ``FileName``; ``unknownDirectory`` when these leave nothing of it.
  package var directory: FileName {
    let flat = description.replacing("/", with: "_")
    return FileName(NameBytes(flat), isFlattened: flat != description) ?? Self.unknownDirectory
  }

  private static let tooLong = UploadError(
    .badRequest,
    "The sender's name is too long: it may have \(maximumCharacters) characters and \(maximumLength) bytes."
  )
}
