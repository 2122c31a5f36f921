import UploadProtocol
import UploadStorage

extension StoredFile {
  /// The name as one component of a URL's path.
  var urlComponent: String {
    PercentEncoding.encode(name)
  }
}
