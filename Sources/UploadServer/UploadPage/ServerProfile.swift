import UploadCore
import UploadProtocol
import UploadReport

/// What the server tells its visitors about itself: on the upload page, and in the response to `GET /info`.
struct ServerProfile: Sendable {
  var page = PageSettings()
  /// Largest file; nil for no limit.
  var maxSize: SizeSetting?
  /// Largest body of one request of a resumable upload; nil for no limit.
  var maxAppendSize: SizeSetting?
  var types = MediaTypeRules()
  /// Whether directories in paths are kept.
  var keepsDirectories = true

  /// A sentence with the limits that matter before a file is chosen; nil without any.
  var limits: String? {
    var parts: [String] = []
    if let maxSize { parts.append("up to \(maxSize) per file") }
    if !types.allowed.isEmpty { parts.append("only \(Self.list(types.allowed))") }
    if !types.denied.isEmpty { parts.append("not \(Self.list(types.denied))") }
    guard let first = parts.first else { return nil }
    return ([first.prefix(1).uppercased() + first.dropFirst()] + parts.dropFirst()).joined(separator: "; ") + "."
  }

  private static func list(_ patterns: [MediaTypePattern]) -> String {
    patterns.map(\.description).joined(separator: ", ")
  }

  /// What this profile does not say, since it depends on the request or the time.
  struct State: Sendable {
    /// How many bytes further uploads may have; nil when that is not known.
    var available: UInt64?
    /// Whether only the server's owner can list and download files (`--drop-box`).
    var isDropBox = false
    /// Whether the sender of the request can list and download files.
    var canList = true
  }

  /// The response to `GET /info`, which `example/docs/http.md` describes.
  func json(_ state: State) -> JSONValue {
    .object([
      ("name", .string(Product.name)),
      ("version", .string(Product.version)),
      ("greeting", .optional(page.greeting)),
      ("maxSize", .optional(maxSize?.bytes)),
      ("free", .optional(state.available)),
      ("allowedTypes", types.allowed.isEmpty ? .null : .array(types.allowed.map { .string($0.description) })),
      ("maxAppend", .optional(maxAppendSize?.bytes)),
      ("keepsDirectories", .bool(keepsDirectories)),
      ("dropBox", .bool(state.isDropBox)),
      ("askName", .bool(page.asksName)),
      ("canList", .bool(state.canList)),
    ])
  }
}
