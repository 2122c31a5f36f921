import UploadCore
import UploadProtocol
import UploadReport
import UploadStorage

/// How a listing is written: around its files, and between them. So it can be written file by file.
struct ListingFormat: Sendable {
  let contentType: String
  /// Before everything.
  let start: String
  /// Before the first file.
  let first: String
  let separator: String
  /// Behind the last file.
  let last: String
  /// In place of these when there is no file.
  let empty: String
  /// Behind everything.
  let end: String
  let row: @Sendable (StoredFile) -> String

  /// A listing of files that are known already.
  func text(_ files: [StoredFile]) -> String {
    guard !files.isEmpty else { return start + empty + end }
    return start + first + files.map(row).joined(separator: separator) + last + end
  }

  /// For programs.
  /// - Parameter path: of the request, which each file's `url` is relative to.
  static func json(path: String) -> ListingFormat {
    ListingFormat(
      contentType: "application/json",
      start: "{\"files\":[",
      first: "",
      separator: ",",
      last: "",
      empty: "",
      end: "]}\n",
      row: { file in
        JSONValue.object([
          ("name", .string(file.name)),
          ("url", .string(file.url(relativeTo: path))),
          ("size", .unsigned(file.size)),
          ("type", .optional(file.type)),
          ("sha256", .optional(file.digests.sha256Text)),
          ("modified", .string(HTTPDate.internetText(file.modified))),
        ]).serialized
      }
    )
  }
}
