import CLinux
import Dashboard
import Glibc
import UploadCore

/// Reads a directory for the file picker.
///
/// Nothing in the directory is opened, so that no FIFO or device can block the thread. The file system itself may
/// block: call it on a thread that can wait.
struct DirectoryReader: Sendable {
  let paths: LocalPath
  /// The most entries that are listed; the others are only counted. (Measured: 20,000 entries of 100,000 take 0.2 s on
  /// a local disk, and a longer list is of no use.)
  var limit = 20_000

  /// The entries of a directory, in no order. Where it cannot be read, the listing's `problem` says why.
  /// - Parameter requested: absolute, relative, or beginning with `~/`.
  func read(_ requested: String) -> DirectoryListing {
    var listing = DirectoryListing(requested: requested, path: paths.absolute(requested))
    guard !requested.utf8.contains(0) else {
      listing.problem = FileText.nulProblem
      return listing
    }
    let directory = NameBytes.withPath(listing.path) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK) }
    guard directory >= 0 else {
      listing.problem = FileText.reason(errno)
      return listing
    }
    let failure = DirectoryNames.visit(descriptor: directory) { name in
      if listing.entries.count < limit {
        // A file that was removed meanwhile is not counted.
        guard let entry = Self.entry(name, in: directory) else { return }
        listing.entries.append(entry)
      }
      listing.total += 1
    }
    if failure != 0 { listing.problem = FileText.reason(failure) }
    return listing
  }

  /// Examines one entry of an open directory without opening it.
  /// - Parameter name: as the file system has it: any bytes but `/` and NUL.
  /// - Returns: nil when it was removed meanwhile.
  private static func entry(_ name: UnsafePointer<CChar>, in directory: CInt) -> DirectoryEntry? {
    var entry = DirectoryEntry(name: NameBytes(cString: name).losslessText, kind: .file, problem: nil)
    var status = stat()
    guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      guard errno != ENOENT else { return nil }
      entry.problem = FileText.reason(errno)
      entry.kind = .other("unknown")
      return entry
    }
    if status.st_mode & S_IFMT == S_IFLNK {
      entry.linkTarget = linkTarget(name, in: directory)
      if fstatat(directory, name, &status, 0) != 0 {
        entry.problem = errno == ENOENT ? "its target does not exist" : "broken link: \(FileText.reason(errno))"
      }
    }
    entry.modified = LocalTime.text(clinux_modified_seconds(&status))
    guard entry.problem == nil else {
      entry.kind = .other("broken link")
      return entry
    }
    entry.kind = FileText.kind(status.st_mode)
    if entry.kind == .file { entry.size = UInt64(max(0, status.st_size)) }
    let access = entry.kind == .directory ? R_OK | X_OK : R_OK
    entry.problem = FileText.problem(entry.kind)
    if entry.problem == nil, faccessat(directory, name, access, AT_EACCESS) != 0 {
      entry.problem = FileText.reason(errno)
    }
    return entry
  }
}

/// Times in the user's time zone.
enum LocalTime {
  /// A time to the minute: `2026-11-25 18:30`. Empty where the calendar has no such time.
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
