import UploadCore
import UploadProtocol

/// Which media type a stored file is given, and what it is called when nobody said.
enum StoredType {
  /// What says nothing about the content.
  static let unknown = "application/octet-stream"

  /// The declared type, unless it says nothing; else the one the name stands for.
  static func type(declared: String?, name: FileName) -> String {
    if let declared, declared != unknown { return declared }
    return MediaTypeNames.type(forFileName: name.description) ?? unknown
  }

  /// A name for an upload that came without one: unique, and with the extension of its type.
  static func madeUpName(declared: String?) -> FileName {
    let base = "upload-\(UploadID())"
    let ending = declared.flatMap { MediaTypeNames.fileExtension(forType: $0) } ?? "bin"
    return FileName("\(base).\(ending)") ?? FileName.fallback
  }
}
