import TerminalUI

/// Lets the user walk through directories and choose files to send.
///
/// Pure: ``DashboardEffect/readDirectory(_:)`` asks for a directory, ``receive(_:)`` takes its listing.
package struct FilePicker: Sendable {
  /// What follows from an event.
  package enum Outcome: Hashable, Sendable {
    /// The picker stays, and wants this done.
    case stay([DashboardEffect])
    case close
    /// Absolute paths, at least one. Keep the picker to come back to: its marks stay.
    case choose([String])
    /// All keys are to be shown.
    case help
  }

  /// What is known of the directory.
  enum Content: Hashable, Sendable {
    case reading
    case read
    /// It could not be read, for this reason.
    case failed(String)
  }

  /// A directory that is read because of a path that was typed or pasted.
  struct Lookup: Sendable {
    enum Purpose: Sendable {
      /// Go to what has this name.
      case find(String)
      /// Complete the path that is typed, as long as it still is this one.
      case complete(String)
    }

    var directory: String
    var purpose: Purpose
  }

  /// Where the picker is, worth remembering. Absolute once it was read.
  package internal(set) var directory: String
  /// What `~` stands for.
  let home: String
  package internal(set) var context = PickerCommand.Context.browsing
  var content = Content.reading
  var entries = PickerEntries()
  /// How many entries the directory has beyond those that were read.
  var unreadCount = 0
  var scroll = Scroll()
  var marks = PickerMarks()
  var filter = TextField()
  var path = TextField()
  /// What Tab found, as long as nothing else was typed.
  var candidates = PickerEntries()
  /// What the last key led to, in words, where that is not to be seen otherwise.
  var message: String?
  /// The directory whose listing is awaited, to be shown.
  var awaited: String?
  var lookup: Lookup?
  /// The name under the cursor in each directory there was.
  private var places: [String: String] = [:]

  /// - Parameters:
  ///   - directory: where to begin; absolute, or beginning with `~`.
  ///   - home: what `~` stands for; absolute.
  package init(directory: String, home: String) {
    self.directory = directory
    self.home = home
    awaited = directory
  }

  /// What has to be done first: read the directory.
  package var firstEffects: [DashboardEffect] { [.readDirectory(directory)] }

  /// The keys that mean something now, for the footer.
  package var keys: [KeyBinding<PickerCommand>] { PickerCommand.keys(context) }

  /// Takes the result of ``DashboardEffect/readDirectory(_:)``; a late one, for a directory left since, is ignored.
  package mutating func receive(_ listing: DirectoryListing) -> Outcome {
    if listing.requested == awaited { show(listing) }
    guard let lookup, lookup.directory == listing.requested else { return .stay([]) }
    self.lookup = nil
    switch lookup.purpose {
    case .find(let name): return find(name, in: listing)
    case .complete(let text):
      complete(text, from: listing)
      return .stay([])
    }
  }

  private mutating func show(_ listing: DirectoryListing) {
    awaited = nil
    directory = listing.path
    entries = PickerEntries(listing.entries, showsHidden: entries.showsHidden)
    entries.filter(by: filter.text)
    unreadCount = max(0, listing.total - listing.entries.count)
    content = .read
    if let problem = listing.problem {
      if listing.entries.isEmpty { content = .failed(problem) } else { message = problem }
    }
    select(places[directory])
  }

  // MARK: Moving

  /// The entry under the cursor.
  var selected: DirectoryEntry? { entries.entry(scroll.selection) }

  /// Puts the cursor on a name; on the first one where that is not shown.
  mutating func select(_ name: String?) {
    let index = name.flatMap { entries.index(of: $0) } ?? 0
    // Some lines from the top, so that its neighbours are seen.
    scroll = Scroll(selection: index, offset: index - 4)
  }

  /// Shows another directory.
  /// - Parameter name: what the cursor is to stand on; where it stood last there when nil.
  mutating func go(to directory: String, selecting name: String? = nil) -> Outcome {
    rememberPlace()
    if let name { places[directory] = name }
    self.directory = directory
    entries = PickerEntries(showsHidden: entries.showsHidden)
    unreadCount = 0
    filter.clear()
    context = .browsing
    content = .reading
    return read()
  }

  /// To the directory above, with the cursor on the one that was left.
  mutating func leave() -> Outcome {
    guard let (parent, name) = PickerPath.split(PickerPath.absolute(directory, in: "/", home: home)) else {
      message = "This is the top: there is no directory above."
      return .stay([])
    }
    return go(to: parent, selecting: name)
  }

  /// Reads the directory again; until that is done the entries stay.
  mutating func reload() -> Outcome {
    rememberPlace()
    return read()
  }

  private mutating func read() -> Outcome {
    message = nil
    lookup = nil
    awaited = directory
    return .stay([.readDirectory(directory)])
  }

  private mutating func rememberPlace() {
    if let selected { places[directory] = selected.name }
  }
}

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
