import Glibc

/// Small files of `/proc`, read whole.
package enum ProcFile {
  /// The file's text, at most 16 KiB of it; empty when it cannot be read.
  package static func read(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    return String(unsafeUninitializedCapacity: 16 * 1024) { buffer in
      max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
    }
  }

  /// The number behind `key:` in a file of lines such as `VmHWM:    1234 kB`.
  package static func kibibytes(of key: String, in path: String) -> UInt64? {
    kibibytes(of: key, inText: read(path))
  }

  /// The same in a file's text.
  package static func kibibytes(of key: String, inText text: String) -> UInt64? {
    for line in text.split(separator: "\n") where line.hasPrefix(key + ":") {
      // Some of these files put blanks before the number, some a tab.
      return line.dropFirst(key.count + 1).split { $0 == " " || $0 == "\t" }.first.flatMap { UInt64($0) }
    }
    return nil
  }
}
