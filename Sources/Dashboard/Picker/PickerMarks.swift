/// Files that were marked to be sent together, in any directories.
struct PickerMarks: Sendable {
  /// In the order they were marked in.
  private(set) var paths: [String] = []
  /// Of each path, in bytes.
  private var sizes: [String: UInt64] = [:]

  var isEmpty: Bool { paths.isEmpty }
  var count: Int { paths.count }

  /// In bytes; the largest number there is when it is larger still.
  var totalSize: UInt64 {
    sizes.values.reduce(0) { $0.addingClamped($1) }
  }

  func contains(_ path: String) -> Bool {
    sizes[path] != nil
  }

  mutating func add(_ path: String, size: UInt64) {
    if sizes.updateValue(size, forKey: path) == nil { paths.append(path) }
  }

  mutating func remove(_ removed: Set<String>) {
    paths.removeAll { removed.contains($0) }
    for path in removed { sizes[path] = nil }
  }

  mutating func toggle(_ path: String, size: UInt64) {
    if contains(path) { remove([path]) } else { add(path, size: size) }
  }
}

extension UInt64 {
  /// The sum, or the largest number there is: sizes come from file systems, and those may claim anything.
  func addingClamped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
