import Glibc

/// The names in a directory.
package enum DirectoryNames {
  /// Names in no order, without `.` and `..`; none when it cannot be read. What is not UTF-8 is repaired.
  package static func read(_ path: String) -> [String] {
    read(descriptor: open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)).map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  /// The same for a directory that is open, byte for byte; closes the descriptor. Reading moves its position, so it must
  /// be nobody else's.
  package static func read(descriptor: Int32) -> [NameBytes] {
    guard descriptor >= 0 else { return [] }
    guard let stream = fdopendir(descriptor) else {
      close(descriptor)
      return []
    }
    defer { closedir(stream) }
    var names: [NameBytes] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { NameBytes(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
