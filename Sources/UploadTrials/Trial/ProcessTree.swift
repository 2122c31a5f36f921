import Glibc
import UploadCore

/// A process and all it has started.
enum ProcessTree {
  /// Deeper than any client starts programs; bounds what a strange one could cost.
  private static let deepest = 8

  /// Resident memory of all of them together, in bytes, by `/proc`; pages that they share count in each.
  static func resident(of process: Int32) -> UInt64 {
    pages(of: "\(process)", depth: 0) * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
  }

  private static func pages(of process: String, depth: Int) -> UInt64 {
    let statm = ProcFile.read("/proc/\(process)/statm").split(separator: " ")
    let own = statm.dropFirst().first.flatMap { UInt64($0) } ?? 0
    guard depth < deepest else { return own }
    // A child belongs to the thread that started it.
    return DirectoryNames.read("/proc/\(process)/task").reduce(own) { sum, thread in
      let children = ProcFile.read("/proc/\(process)/task/\(thread)/children").split(separator: " ")
      return children.reduce(sum) { $0 &+ pages(of: String($1), depth: depth + 1) }
    }
  }
}
