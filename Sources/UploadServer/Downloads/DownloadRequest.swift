import HTTPTypes
import UploadCore
import UploadProtocol

/// GET or HEAD of `/files/PATH`, which may be a file: only the store knows. Where it is none, Hummingbird serves the
/// request: it may be a directory, or respond with an error.
struct DownloadRequest: Sendable {
  private static let prefix = "/files/"

  let head: HTTPRequest
  /// The path of the file beneath the upload directory: one component or more, separated by slashes.
  let path: NameBytes

  var isHead: Bool { head.method == .head }

  /// Reads an accepted request.
  /// - Returns: nil for every request that cannot be for a file: of another path or method, of the path of a directory,
  ///   of one that nothing can have (``BrowsedPath``), and where there are no directories, of one with a directory.
  init?(_ request: IncomingRequest, _ rules: PathRules) {
    guard request.head.method == .get || request.head.method == .head, request.path.hasPrefix(Self.prefix),
      let path = try? BrowsedPath(request.path), !path.isDirectory,
      rules.hasDirectories || !path.path.bytes.contains(UInt8(ascii: "/"))
    else { return nil }
    (head, self.path) = (request.head, path.path)
  }
}
