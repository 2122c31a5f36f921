import UploadCore
import UploadProtocol

/// What an upload is to be called: what was asked for, or a made-up name with the ending of its type, which its first
/// bytes tell.
struct WantedName {
  private let asked: FileName?
  private let stem = "upload-\(UploadID())"

  init(_ asked: FileName?) {
    self.asked = asked
  }

  /// The name for a file of a type.
  func fileName(type: String?) -> FileName {
    let ending = type.flatMap { MediaTypeNames.fileExtension(forType: $0) } ?? "bin"
    return asked ?? FileName("\(stem).\(ending)") ?? FileName.fallback
  }

  /// The name for the file that `meter` has counted, and its type.
  func end(of meter: UploadMeter) -> (name: FileName, type: String) {
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
