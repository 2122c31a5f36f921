import UploadCore

/// What `send` reports of a file or directory that is no upload.
package enum SendNotice: Sendable {
  /// Why something is skipped.
  package enum Reason: String, Sendable, CaseIterable {
    /// The server has the file already.
    case exists
    case link
    case socket
    case pipe
    case device
  }

  /// Something is not sent.
  case skipped(path: String, Reason)
  /// An empty directory was made at the server.
  case directory(path: String)
  /// With `--dry-run`: an empty directory that would be made.
  case wouldMake(path: String)
  /// With `--dry-run`: a file that would be sent.
  /// - Parameter bytes: nil for a stream.
  case wouldSend(path: String, bytes: UInt64?)

  /// The notice as an object in JSON lines (example/docs/json.md).
  package var json: JSONValue {
    switch self {
    case .skipped(let path, let reason):
      .object([("event", .string("skipped")), ("path", .string(Self.text(path))), ("reason", .string(reason.rawValue))])
    case .directory(let path): .object([("event", .string("directory")), ("path", .string(Self.text(path)))])
    case .wouldMake(let path): .object([("event", .string("wouldMake")), ("path", .string(Self.text(path)))])
    case .wouldSend(let path, let bytes):
      .object([("event", .string("wouldSend")), ("path", .string(Self.text(path))), ("size", .optional(bytes))])
    }
  }

  /// The notice as one text line, safe to show.
  package var plainLine: String {
    switch self {
    case .skipped(let path, .exists): "skipped \(Self.quoted(path)): the server has it"
    case .skipped(let path, .link): "skipped \(Self.quoted(path)): a symbolic link"
    case .skipped(let path, let reason): "skipped \(Self.quoted(path)): a \(reason.rawValue)"
    case .directory(let path): "made the empty directory \(Self.quoted(path))"
    case .wouldMake(let path): "would make the empty directory \(Self.quoted(path))"
    case .wouldSend(let path, let bytes):
      TextWidth.right(bytes.map { ByteSize.text($0) } ?? "?", 10) + "  " + PlainText.sanitized(path)
    }
  }

  /// A path as text, with escapes for bytes that are not UTF-8. The serialization makes it safe.
  private static func text(_ path: String) -> String { NameBytes(lossless: path).description }

  private static func quoted(_ path: String) -> String { "\"\(PlainText.sanitized(path))\"" }
}
