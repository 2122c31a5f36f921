import UploadCore

/// What is to be sent: a file, or whatever comes out of a descriptor.
package struct UploadSource: Sendable {
  /// Where the bytes come from.
  enum Origin: Sendable, Equatable {
    case file(path: String)
    /// Stays the caller's: it is duplicated, never closed.
    case descriptor(CInt)
  }

  let origin: Origin

  /// The name that the server is asked to store it under.
  package let name: String

  private init(origin: Origin, name: String) {
    self.origin = origin
    self.name = name
  }

  /// A regular file; path and name may hold bytes that are not UTF-8 (``NameBytes/losslessText``). Its name is the path's last component unless `name` gives another.
  package static func file(_ path: String, name: String? = nil) -> UploadSource {
    // By bytes, as the file system does: a mark behind a slash would make another character of it.
    let last = NameBytes(lossless: path).bytes.split(separator: UInt8(ascii: "/")).last
    return UploadSource(origin: .file(path: path), name: name ?? last.map { NameBytes($0).losslessText } ?? path)
  }

  /// The process's standard input. A regular file behind it (`< FILE`) is sent from where it stands, with its length;
  /// anything else until it ends, in chunks.
  package static func standardInput(name: String) -> UploadSource {
    descriptor(0, name: name)
  }

  /// Any descriptor that can be read, with the rules of ``standardInput(name:)``. It stays the caller's to close, and must
  /// stay open until the upload has begun.
  package static func descriptor(_ descriptor: CInt, name: String) -> UploadSource {
    UploadSource(origin: .descriptor(descriptor), name: name)
  }
}
