/// An entry of a directory with its name in lower case, by which it is sorted and filtered.
struct PickerEntry: Sendable {
  let entry: DirectoryEntry
  /// The name in lower case, as UTF-8.
  private let folded: [UInt8]

  init(_ entry: DirectoryEntry) {
    self.entry = entry
    folded = Self.fold(entry.name)
  }

  var isHidden: Bool { folded.first == UInt8(ascii: ".") }

  /// A text in lower case as UTF-8, so that comparisons ignore case.
  static func fold(_ text: String) -> [UInt8] { Array(text.lowercased().utf8) }

  /// Whether the name contains a text, ignoring case; true for an empty one.
  /// - Parameter query: the text after ``fold(_:)``.
  func contains(_ query: [UInt8]) -> Bool {
    guard let first = query.first else { return true }
    return folded.indices.dropLast(query.count - 1).contains { start in
      folded[start] == first && folded[start...].starts(with: query)
    }
  }

  /// Entries in the order of the picker: directories first, then by name, ignoring case, with numbers in names by their
  /// value.
  ///
  /// Sorts by keys, which takes 25 ms for 20,000 entries (measured), a quarter of the time for comparing names.
  static func sorted(_ entries: [PickerEntry]) -> [PickerEntry] {
    let keys = entries.enumerated().map { (text: $0.element.sortKey, index: $0.offset) }
    return keys.sorted { left, right in
      if left.text != right.text { return left.text < right.text }
      return entries[left.index].entry.name < entries[right.index].entry.name
    }
    .map { entries[$0.index] }
  }

  /// A key whose plain order is that of the entries: each number in the name has its length before it, so that `file2`
  /// sorts before `file10`.
  private var sortKey: String {
    var key: [UInt8] = [entry.kind == .directory ? 1 : 2]
    key.reserveCapacity(folded.count + 8)
    var index = 0
    while index < folded.count {
      guard Self.isDigit(folded[index]) else {
        key.append(folded[index])
        index += 1
        continue
      }
      let run = folded[index...].prefix(while: Self.isDigit)
      index += run.count
      // Without leading zeros the longer of two numbers is the greater.
      let digits = run.drop { $0 == UInt8(ascii: "0") }
      key.append(UInt8(ascii: "0"))
      key.append(contentsOf: repeatElement(0x7F, count: digits.count / 0x7F))
      key.append(UInt8(truncatingIfNeeded: digits.count % 0x7F))
      key.append(contentsOf: digits)
    }
    return String(decoding: key, as: UTF8.self)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

/// The entries of a directory in their order, and which of them are shown.
///
/// They are sorted once; a filter to which characters are added searches only the entries that are still shown.
struct PickerEntries: Sendable {
  private let all: [PickerEntry]
  /// Indices of ``all``, in order.
  private var shown: [Int] = []
  private var query: [UInt8] = []
  var showsHidden: Bool { didSet { show() } }
  /// How many names begin with a period, shown or not.
  let hiddenCount: Int

  init(_ entries: [DirectoryEntry] = [], showsHidden: Bool = false) {
    all = PickerEntry.sorted(entries.map { PickerEntry($0) })
    hiddenCount = all.count(where: \.isHidden)
    self.showsHidden = showsHidden
    show()
  }

  /// How many entries there are, shown or not.
  var totalCount: Int { all.count }
  /// How many entries are shown.
  var count: Int { shown.count }
  /// How many entries would be shown without a filter.
  var unfilteredCount: Int { showsHidden ? all.count : all.count - hiddenCount }

  /// The entry in a row, counted from 0; nil beyond the last one.
  func entry(_ index: Int) -> DirectoryEntry? { shown.indices.contains(index) ? all[shown[index]].entry : nil }

  /// The entries that are shown, in order.
  var shownEntries: some Sequence<DirectoryEntry> { shown.lazy.map { all[$0].entry } }

  /// The row of the entry with exactly this name, counted from 0; nil when it is not shown.
  func index(of name: String) -> Int? { shown.firstIndex { all[$0].entry.name == name } }

  /// Shows only entries whose names contain a text, ignoring case; all for an empty text. Hidden ones only if
  /// ``showsHidden``.
  mutating func filter(by text: String) {
    let query = PickerEntry.fold(text)
    let isNarrower = query.starts(with: self.query)
    self.query = query
    guard isNarrower else { return show() }
    shown.removeAll { !all[$0].contains(query) }
  }

  private mutating func show() {
    shown = all.indices.filter { (showsHidden || !all[$0].isHidden) && all[$0].contains(query) }
  }
}

/// Tab completion of a typed path: splits it into a directory and the beginning of a name. Does not read the disk; the
/// caller passes the entries of the directory.
struct PathCompletion {
  /// The directory whose names can complete the text, as it was typed: all up to and including the last slash, `~/` for
  /// `~`, empty for a name alone.
  let head: String
  /// The beginning of the name that is to be completed: the text after the last slash; may be empty.
  let prefix: String

  init(_ text: String) {
    let start = text.lastIndex(of: "/").map { text.index(after: $0) } ?? text.startIndex
    (head, prefix) = text == "~" ? ("~/", "") : (String(text[..<start]), String(text[start...]))
  }

  /// Completes the text as far as all matching names agree; a directory that is the only match gets a slash.
  ///
  /// Case is ignored only when no name begins with the prefix in the same case. Hidden names match only a prefix that
  /// begins with a period, and names with control characters, which cannot be typed, never match.
  /// - Parameter entries: all entries of the directory ``head``.
  /// - Returns: the completed text and the matching entries; without a match, ``head`` and ``prefix``, and no entry.
  func complete(_ entries: [DirectoryEntry]) -> (text: String, candidates: [DirectoryEntry]) {
    let possible = entries.filter { prefix.hasPrefix(".") || !$0.name.hasPrefix(".") }
      .filter { !$0.name.unicodeScalars.contains { $0.properties.generalCategory == .control } }
    var matches = possible.filter { $0.name.hasPrefix(prefix) }
    if matches.isEmpty {
      let folded = PickerEntry.fold(prefix)
      matches = possible.filter { PickerEntry.fold($0.name).starts(with: folded) }
    }
    guard let first = matches.first else { return (head + prefix, []) }
    if matches.count == 1 { return (head + first.name + (first.kind == .directory ? "/" : ""), matches) }
    let common = matches.dropFirst().reduce(first.name[...]) { shared, entry in
      shared.prefix(zip(shared, entry.name).prefix { $0 == $1 }.count)
    }
    // Names that differ only in case share less than was typed.
    return (head + (common.count < prefix.count ? prefix : String(common)), matches)
  }
}
