import UploadCore
import UploadProtocol
import UploadStorage

extension StoredFile {
  /// The name, byte for byte, as one component of a URL's path.
  var urlComponent: String {
    PercentEncoding.encode(nameBytes.bytes)
  }
}
