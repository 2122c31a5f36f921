/// What is in a directory, in order, and which of it is shown.
///
/// Sorted once; a filter that grows looks only through what it has left so far.
struct PickerEntries: Sendable {
  private let all: [PickerEntry]
  /// Places in `all`.
  private var shown: [Int] = []
  private var query: [UInt8] = []
  private(set) var showsHidden: Bool
  /// How many there are whose names begin with a point.
  let hiddenCount: Int

  init(_ entries: [DirectoryEntry] = [], showsHidden: Bool = false) {
    all = PickerEntry.sorted(entries.map { PickerEntry($0) })
    hiddenCount = all.count(where: \.isHidden)
    self.showsHidden = showsHidden
    show()
  }

  /// How many there are, shown or not.
  var totalCount: Int { all.count }
  /// How many are shown.
  var count: Int { shown.count }
  /// How many would be without a filter.
  var unfilteredCount: Int { showsHidden ? all.count : all.count - hiddenCount }

  /// A shown entry; nil when there is none of that index.
  func entry(_ index: Int) -> DirectoryEntry? {
    shown.indices.contains(index) ? all[shown[index]].entry : nil
  }

  /// All that are shown, in order.
  var shownEntries: some Sequence<DirectoryEntry> {
    shown.lazy.map { all[$0].entry }
  }

  /// Where an entry is shown.
  func index(of name: String) -> Int? {
    shown.firstIndex { all[$0].entry.name == name }
  }

  mutating func setHidden(_ isShown: Bool) {
    showsHidden = isShown
    show()
  }

  /// Shows only names that hold a text, upper and lower case being the same; all when it is empty.
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
