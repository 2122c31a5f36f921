import UploadCore

/// Marked files and directories, which are sent together. They may be in different directories.
struct PickerMarks: Sendable {
  /// In the order in which they were marked.
  private(set) var paths: [String] = []
  /// Of marked files, in bytes; nil for directories and unknown sizes.
  private var sizes: [String: UInt64?] = [:]
  /// What marked directories contain.
  private(set) var counts = DirectoryCounts()

  var isEmpty: Bool { paths.isEmpty }
  var count: Int { paths.count }

  /// Of files, and of directories as far as they were counted, in bytes; `UInt64.max` when the sum is larger.
  var totalSize: UInt64 {
    paths.reduce(0) { $0.addingClamped((sizes[$1] ?? nil) ?? counts[$1]?.bytes ?? 0) }
  }

  /// `2 marked, 1,204 files, 3.2 GiB`; the number of files only where a directory is marked, and only once all were
  /// counted.
  var text: String {
    guard !isEmpty else { return "" }
    if counts.isCounting { return "\(count) marked, counting" }
    let trees = paths.compactMap { counts[$0] }
    let files = trees.reduce(UInt64(count - trees.count)) { $0.addingClamped($1.files) }
    let filesText = trees.isEmpty ? nil : CountText.files(files)
    return ["\(count) marked", filesText, ByteSize.text(totalSize)].compactMap { $0 }.joined(separator: ", ")
  }

  func contains(_ path: String) -> Bool { sizes[path] != nil }

  /// Marks a file or directory.
  /// - Parameter size: of a file, in bytes; nil when it is unknown.
  /// - Returns: the effect that counts a directory.
  mutating func add(_ path: String, size: UInt64?, isDirectory: Bool) -> [DashboardEffect] {
    if sizes.updateValue(isDirectory ? nil : size ?? 0, forKey: path) == nil { paths.append(path) }
    return isDirectory ? counts.request([path]) : []
  }

  mutating func remove(_ removed: Set<String>) {
    paths.removeAll { removed.contains($0) }
    for path in removed {
      sizes[path] = nil
      counts.forget(path)
    }
  }

  /// The effects that count marked directories whose counting was stopped.
  mutating func requestCounts() -> [DashboardEffect] {
    let directories = paths.filter { path in
      if case .some(.none) = sizes[path] { true } else { false }
    }
    return counts.request(directories)
  }

  mutating func receive(_ count: DirectoryCount) { counts.receive(count) }
}

extension UInt64 {
  /// The sum, or `UInt64.max` when it is larger: file systems may report any size.
  func addingClamped(_ other: UInt64) -> UInt64 {
    self + Swift.min(other, UInt64.max - self)
  }
}
