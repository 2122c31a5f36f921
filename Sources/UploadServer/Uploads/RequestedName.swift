import UploadCore
import UploadProtocol

/// The name that an upload is to get: the requested one, or a generated name with the extension of its type, which the
/// first bytes show.
struct RequestedName {
  private let requested: FileName?
  private let stem = "upload-\(UploadID())"

  init(_ requested: FileName?) {
    self.requested = requested
  }

  /// The name for a file of a type.
  func fileName(type: String?) -> FileName {
    let ending = type.flatMap { MediaTypeNames.fileExtension(forType: $0) } ?? "bin"
    return requested ?? FileName("\(stem).\(ending)") ?? FileName.fallback
  }

  /// The final name and the type of the file that `meter` has counted.
  func resolved(for meter: UploadMeter) -> (name: FileName, type: String) {
    let guess = fileName(type: meter.declaredType)
    let type = StoredType.type(of: meter, name: guess)
    return (fileName(type: type), type)
  }
}

/// Which media type a stored file is given.
enum StoredType {
  /// The best guess: detected, else declared, else by name (``MediaTypeNames/best(detected:declared:fileName:)``).
  static func type(of meter: UploadMeter, name: FileName) -> String {
    MediaTypeNames.best(detected: meter.detectedType, declared: meter.declaredType, fileName: name.description)
      ?? MediaTypeNames.unknown
  }
}
