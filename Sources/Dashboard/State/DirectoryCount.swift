import UploadCore

/// What a directory contains that would be sent with it.
package struct DirectoryCount: Hashable, Sendable {
  /// The directory, as it was requested.
  package var path: String
  package var files: UInt64 = 0
  /// Of all files together.
  package var bytes: UInt64 = 0
  /// Symbolic links and special files, which are not sent.
  package var skipped: UInt64 = 0
  /// Files and directories that cannot be read.
  package var unreadable: UInt64 = 0
  /// Whether counting has ended at its limit: there is more.
  package var isPartial = false
  /// Whether counting was stopped, so that the numbers say nothing.
  package var isStopped = false
  /// Why the directory itself cannot be read; nil when it can.
  package var problem: String?

  package init(path: String) { self.path = path }

  /// `1,204 files`, or `more than 1,000,000 files`.
  var filesText: String { (isPartial ? "more than " : "") + CountText.files(files) }

  /// What is not sent: `12 links and special files skipped, 1 cannot be read`; empty for nothing.
  var lossText: String {
    var parts: [String] = []
    if skipped == 1 {
      parts.append("1 link or special file skipped")
    } else if skipped > 1 {
      parts.append("\(skipped.grouped) links and special files skipped")
    }
    if unreadable > 0 { parts.append("\(unreadable.grouped) cannot be read") }
    return parts.joined(separator: ", ")
  }

  /// `1,204 files, 3.2 GiB, 12 links and special files skipped`
  var text: String {
    [filesText, ByteSize.text(bytes), lossText].filter { !$0.isEmpty }.joined(separator: ", ")
  }
}

/// Directories that were counted, or are being counted: each is requested once.
struct DirectoryCounts: Hashable, Sendable {
  private enum State: Hashable {
    case counting
    case counted(DirectoryCount)
  }

  private var states: [String: State] = [:]

  /// The count of a directory; nil while it is being counted, and for one that was not requested.
  subscript(path: String) -> DirectoryCount? {
    if case .counted(let count) = states[path] { count } else { nil }
  }

  func isCounting(_ path: String) -> Bool { states[path] == .counting }

  /// Whether any directory is being counted.
  var isCounting: Bool { states.values.contains(.counting) }

  /// Requests the counts of directories.
  /// - Returns: the effects that count those that are not known.
  mutating func request(_ paths: [String]) -> [DashboardEffect] {
    let new = paths.filter { states[$0] == nil }
    for path in new { states[path] = .counting }
    return new.map { .countDirectory($0) }
  }

  /// Accepts the result of ``DashboardEffect/countDirectory(_:)``; ignores one that was not requested.
  mutating func receive(_ count: DirectoryCount) {
    guard isCounting(count.path) else { return }
    states[count.path] = count.isStopped ? nil : .counted(count)
  }

  mutating func forget(_ path: String) { states[path] = nil }
}
