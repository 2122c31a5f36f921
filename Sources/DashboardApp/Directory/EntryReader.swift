import CLinux
import Dashboard
import Glibc
import UploadCore

/// Looks at one entry of an open directory, without opening it.
struct EntryReader {
  /// Its descriptor.
  let directory: CInt

  /// What is known of a name; nil when it is gone by now.
  /// - Parameter name: as the file system has it, any bytes but `/` and NUL.
  func entry(_ name: UnsafePointer<CChar>) -> DirectoryEntry? {
    var status = stat()
    guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      return errno == ENOENT ? nil : unknown(name, FileKind.reason(errno))
    }
    var entry = DirectoryEntry(name: NameBytes(cString: name).losslessText, kind: .file)
    if status.st_mode & S_IFMT == S_IFLNK {
      entry.linkTarget = linkTarget(name)
      guard fstatat(directory, name, &status, 0) == 0 else {
        return brokenLink(entry, errno, status)
      }
    }
    entry.kind = FileKind.kind(status.st_mode)
    entry.modified = LocalTime.text(clinux_modified_seconds(&status))
    if entry.kind == .file { entry.size = UInt64(max(0, status.st_size)) }
    entry.problem = FileKind.problem(entry.kind) ?? accessProblem(name, entry.kind)
    return entry
  }

  private func accessProblem(_ name: UnsafePointer<CChar>, _ kind: DirectoryEntry.Kind) -> String? {
    let wanted = kind == .directory ? R_OK | X_OK : R_OK
    return faccessat(directory, name, wanted, AT_EACCESS) == 0 ? nil : FileKind.reason(errno)
  }

  private func brokenLink(_ entry: DirectoryEntry, _ code: CInt, _ status: stat) -> DirectoryEntry {
    var (entry, status) = (entry, status)
    entry.kind = .other("broken link")
    entry.modified = LocalTime.text(clinux_modified_seconds(&status))
    entry.problem = code == ENOENT ? "it leads to nothing" : "it leads nowhere: \(FileKind.reason(code))"
    return entry
  }

  private func unknown(_ name: UnsafePointer<CChar>, _ reason: String) -> DirectoryEntry {
    DirectoryEntry(name: NameBytes(cString: name).losslessText, kind: .other("unknown"), problem: reason)
  }

  private func linkTarget(_ name: UnsafePointer<CChar>) -> String? {
    let target = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
      let length = buffer.withMemoryRebound(to: CChar.self) { bytes in
        bytes.baseAddress.map { readlinkat(directory, name, $0, bytes.count) } ?? 0
      }
      count = max(0, length)
    }
    return target.isEmpty ? nil : NameBytes(target).losslessText
  }
}
