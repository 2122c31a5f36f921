import Glibc
package import UploadCore

/// Directories for what is removed again.
package enum TemporaryPlace {
  /// Makes a directory that only this user can enter.
  /// - Parameters:
  ///   - prefix: what its name begins with.
  ///   - parent: where it is made; `TMPDIR`, else `/tmp`, when nil.
  /// - Returns: its path.
  /// - Throws: ``UploadError`` with code `badDirectory` when it cannot be made there.
  package static func make(_ prefix: String, in parent: String? = nil) throws(UploadError) -> String {
    let base = parent ?? ProcessEnvironment.all["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var template = Array("\(base)/\(prefix)-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      let cause = SystemCallError("mkdtemp", errno)
      throw UploadError(
        .badDirectory,
        "No temporary directory can be made in \(PlainText.sanitized(base)): \(cause.reason). "
          + (parent == nil ? "Set TMPDIR." : "Name another one."),
        cause: cause
      )
    }
    return String(decoding: template.dropLast().lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
