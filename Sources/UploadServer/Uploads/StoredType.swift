import UploadCore
import UploadProtocol

/// Which media type a stored file is given.
enum StoredType {
  /// The best guess: detected, else declared, else by name (``MediaTypeNames/best(detected:declared:fileName:)``).
  static func type(of meter: UploadMeter, name: FileName) -> String {
    MediaTypeNames.best(detected: meter.detectedType, declared: meter.declaredType, fileName: name.description)
      ?? MediaTypeNames.unknown
  }
}
