import UploadCore
import UploadProtocol
import UploadStorage

extension StoredFile {
  /// The name, byte for byte, as one component of a URL's path.
  var urlComponent: String {
    PercentEncoding.encode(nameBytes.bytes)
  }

  /// Where it can be downloaded, as a reference relative to the URL of a request (RFC 3986 section 4.2): right also behind
  /// a proxy that adds a prefix to all paths or takes one away.
  /// - Parameter path: the request's, with or without a query.
  func url(relativeTo path: String) -> String {
    PageLinks(path: path, token: nil).to("files/" + urlComponent)
  }
}
