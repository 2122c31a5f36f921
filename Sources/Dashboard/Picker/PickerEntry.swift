/// An entry of a directory with what it is sorted and filtered by, made once.
struct PickerEntry: Sendable {
  let entry: DirectoryEntry
  /// The name in small letters, as UTF-8.
  private let folded: [UInt8]

  init(_ entry: DirectoryEntry) {
    self.entry = entry
    folded = Self.fold(entry.name)
  }

  var isHidden: Bool { folded.first == UInt8(ascii: ".") }

  /// What names are compared by: upper and lower case are the same.
  static func fold(_ text: String) -> [UInt8] {
    Array(text.lowercased().utf8)
  }

  /// Whether a folded text is found in the name.
  func contains(_ query: [UInt8]) -> Bool {
    guard let first = query.first else { return true }
    guard folded.count >= query.count else { return false }
    return (0...folded.count - query.count).contains { start in
      folded[start] == first && folded[start..<start + query.count].elementsEqual(query)
    }
  }

  /// Whether it is listed before another: directories first, then by name, numbers in it by their value.
  static func precedes(_ left: PickerEntry, _ right: PickerEntry) -> Bool {
    let (leftIsDirectory, rightIsDirectory) = (left.entry.kind == .directory, right.entry.kind == .directory)
    if leftIsDirectory != rightIsDirectory { return leftIsDirectory }
    let order = naturalOrder(left.folded, right.folded)
    return order == 0 ? left.entry.name < right.entry.name : order < 0
  }

  /// Below 0 when `left` comes first, above 0 when `right` does: `file2` before `file10`.
  private static func naturalOrder(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var (i, j) = (0, 0)
    while i < left.count, j < right.count {
      if isDigit(left[i]), isDigit(right[j]) {
        let (first, second) = (number(in: left, at: &i), number(in: right, at: &j))
        // Without leading zeros the longer number is the greater one, however long they are.
        if first.count != second.count { return first.count - second.count }
        for (a, b) in zip(first, second) where a != b { return Int(a) - Int(b) }
      } else if left[i] != right[j] {
        return Int(left[i]) - Int(right[j])
      } else {
        i += 1
        j += 1
      }
    }
    return (left.count - i) - (right.count - j)
  }

  /// The digits from `index` on without leading zeros; moves `index` behind them.
  private static func number(in text: [UInt8], at index: inout Int) -> ArraySlice<UInt8> {
    while index < text.count, text[index] == UInt8(ascii: "0") { index += 1 }
    let start = index
    while index < text.count, isDigit(text[index]) { index += 1 }
    return text[start..<index]
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }
}
