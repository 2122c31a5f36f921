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
  /// - Returns: nil for every request that cannot be for a file: of another path or method, of a path with an empty
  ///   component, `.`, `..`, an escaped slash or NUL, or a malformed escape.
  init?(_ request: IncomingRequest) {
    guard request.head.method == .get || request.head.method == .head else { return nil }
    let target = request.path
    guard target.hasPrefix(Self.prefix), let path = Self.path(target.utf8.dropFirst(Self.prefix.utf8.count)) else {
      return nil
    }
    (head, self.path) = (request.head, path)
  }

  private static func path(_ escaped: Substring.UTF8View) -> NameBytes? {
    let slash = UInt8(ascii: "/")
    var path: [UInt8] = []
    path.reserveCapacity(escaped.count)
    for component in escaped.split(separator: slash, omittingEmptySubsequences: false) {
      guard let bytes = PercentEncoding.decodedBytes(component), !bytes.isEmpty, !bytes.contains(slash),
        !bytes.contains(0), !bytes.elementsEqual(".".utf8), !bytes.elementsEqual("..".utf8)
      else { return nil }
      if !path.isEmpty { path.append(slash) }
      path += bytes
    }
    return NameBytes(path)
  }
}
