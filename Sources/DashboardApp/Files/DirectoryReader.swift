import CLinux
package import Dashboard
import Glibc
import UploadCore

/// Reads a directory for the file picker.
///
/// Nothing in the directory is opened, so that no FIFO or device can block the thread. The file system itself may: call it
/// on a thread that can wait.
package struct DirectoryReader: Sendable {
  private let paths: LocalPath
  /// So many entries are looked at; the others are counted.
  private let limit: Int

  /// Measured: 20,000 entries of 100,000 take 0.2 s on a local disk, and a list of more is of no use.
  package init(paths: LocalPath, limit: Int = 20_000) {
    self.paths = paths
    self.limit = limit
  }

  /// What is in a directory, or why it cannot be read.
  /// - Parameter requested: absolute, relative, or beginning with `~`.
  package func read(_ requested: String) -> DirectoryListing {
    var listing = DirectoryListing(requested: requested, path: paths.absolute(requested))
    // A NUL would end the path early, and show another directory.
    guard !requested.utf8.contains(0) else {
      listing.problem = "no name contains a NUL"
      return listing
    }
    let directory = NameBytes.withPath(listing.path) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK) }
    guard directory >= 0 else {
      listing.problem = FileKind.reason(errno)
      return listing
    }
    let reader = EntryReader(directory: directory)
    let failure = DirectoryNames.visit(descriptor: directory) { add($0, to: &listing, with: reader) }
    if failure != 0 { listing.problem = FileKind.reason(failure) }
    return listing
  }

  private func add(_ name: UnsafePointer<CChar>, to listing: inout DirectoryListing, with reader: EntryReader) {
    guard listing.entries.count < limit else {
      listing.total += 1
      return
    }
    // What is gone by now is not counted either.
    guard let entry = reader.entry(name) else { return }
    listing.entries.append(entry)
    listing.total += 1
  }
}

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
    var entry = DirectoryEntry(name: NameBytes(cString: name).losslessText, kind: .file, problem: nil)
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

/// Times as the user's clock shows them.
enum LocalTime {
  /// `2026-11-25 18:30`; empty where the calendar has no such time.
  /// - Parameter seconds: since 1970, UTC.
  static func text(_ seconds: Int64) -> String {
    var time = time_t(seconds)
    var parts = tm()
    guard localtime_r(&time, &parts) != nil else { return "" }
    let date = [TimeText.padded(Int(parts.tm_year) + 1900, to: 4), padded(parts.tm_mon + 1), padded(parts.tm_mday)]
    return date.joined(separator: "-") + " \(padded(parts.tm_hour)):\(padded(parts.tm_min))"
  }

  private static func padded(_ number: CInt) -> String { TimeText.padded(Int(number)) }
}
