import TerminalUI
import UploadCore

/// Browses directories and chooses files and directories to send.
///
/// Pure: it requests listings with ``DashboardEffect/readDirectory(_:)``, and ``receive(_:)`` accepts them.
struct FilePicker: Sendable {
  /// The result of an event.
  enum Outcome: Hashable, Sendable {
    /// The picker remains open, and needs these effects.
    case stay([DashboardEffect])
    case close
    /// Files or directories were chosen: absolute paths, at least one. The picker keeps its marks.
    case choose([String])
    /// The help was requested.
    case help
  }

  /// The state of the directory's listing.
  enum Content: Hashable, Sendable {
    case reading
    case read
    /// It could not be read, for this reason.
    case failed(String)
  }

  /// Why a directory is read that is not to be shown: for a typed or pasted path.
  enum LookupPurpose: Sendable {
    /// To show the directory of this name, or to choose the file of this name.
    case find(String)
    /// To complete the typed path, if it is still this text when the listing arrives.
    case complete(String)
  }

  /// The directory that is shown; absolute once it was read.
  var directory: String
  /// The home directory, which `~` stands for; absolute.
  let home: String
  var context = PickerCommand.Context.browsing
  var content = Content.reading
  var entries = PickerEntries()
  /// How many entries of the directory the listing leaves out; 0 or more.
  var unreadCount = 0
  var scroll = Scroll()
  var marks = PickerMarks()
  var filter = TextField()
  /// The path that is being typed; editing it removes the names that Tab found.
  var path = TextField() { didSet { candidates = PickerEntries() } }
  /// The names with which Tab could complete the path, until the path is edited; empty when fewer than two match.
  var candidates = PickerEntries()
  /// A text about the last key, mouse action, paste or listing, such as why it had no effect; nil when there is none.
  var message: String?
  /// The requested directory whose listing is to be shown; nil when none is pending.
  var pendingDirectory: String?
  /// The directory that is read because of a typed or pasted path; nil when none is.
  var lookup: (directory: String, purpose: LookupPurpose)?
  /// The name under the cursor when each directory was left, by path.
  private var places: [String: String] = [:]

  /// - Parameters:
  ///   - directory: the directory to show first; absolute, or beginning with `~`.
  ///   - home: the home directory, which `~` stands for; absolute.
  init(directory: String, home: String) {
    (self.directory, self.home, pendingDirectory) = (directory, home, directory)
  }

  /// The effects that read the first directory; perform them once the picker was created.
  var firstEffects: [DashboardEffect] { [.readDirectory(directory)] }

  /// Accepts the result of ``DashboardEffect/readDirectory(_:)``; ignores one that is no longer needed.
  /// - Returns: `choose` when a typed or pasted path is, or may be, a file; otherwise `stay`, perhaps with effects.
  mutating func receive(_ listing: DirectoryListing) -> Outcome {
    if listing.requested == pendingDirectory { show(listing) }
    guard let lookup, lookup.directory == listing.requested else { return .stay([]) }
    self.lookup = nil
    switch lookup.purpose {
    case .find(let name): return find(name, in: listing)
    case .complete(let text): complete(text, from: listing)
    }
    return .stay([])
  }

  private mutating func show(_ listing: DirectoryListing) {
    pendingDirectory = nil
    directory = listing.path
    entries = PickerEntries(listing.entries, showsHidden: entries.showsHidden)
    entries.filter(by: filter.text)
    unreadCount = max(0, max(0, listing.total) - listing.entries.count)
    content = .read
    if let problem = listing.problem {
      if listing.entries.isEmpty { content = .failed(problem) } else { message = problem }
    }
    select(places[directory])
  }

  // MARK: Navigation

  /// The entry under the cursor; nil when none is shown.
  var selected: DirectoryEntry? { entries.entry(scroll.selection) }

  /// Moves the cursor to the entry of a name; to the first entry when the name is nil or not shown.
  mutating func select(_ name: String?) {
    let index = name.flatMap { entries.index(of: $0) } ?? 0
    // Four rows below the top, so that entries before it are visible.
    scroll = Scroll(selection: index, offset: index - 4)
  }

  /// Leaves this directory and its filter, and shows another one as soon as its listing arrives.
  /// - Parameter name: the name to put the cursor on; when nil, the one at which the directory was left.
  mutating func go(to directory: String, selecting name: String? = nil) -> Outcome {
    if let selected { places[self.directory] = selected.name }
    if let name { places[directory] = name }
    self.directory = directory
    entries = PickerEntries(showsHidden: entries.showsHidden)
    unreadCount = 0
    filter.clear()
    context = .browsing
    content = .reading
    return read()
  }

  /// Shows the parent directory, with the cursor on the current one; in the root, only a message.
  mutating func leave() -> Outcome {
    guard let (parent, name) = PickerPath.split(PickerPath.absolute(directory, in: "/", home: home)) else {
      message = "This is the root directory; it has no parent."
      return .stay([])
    }
    return go(to: parent, selecting: name)
  }

  /// Reads the directory again; its entries remain until the result arrives.
  mutating func reload() -> Outcome {
    if let selected { places[directory] = selected.name }
    return read()
  }

  private mutating func read() -> Outcome {
    message = nil
    lookup = nil
    pendingDirectory = directory
    return .stay([.readDirectory(directory)])
  }

  // MARK: Typed paths

  /// Lets the user type a path, beginning with that of the directory.
  mutating func editPath() {
    context = .typingPath
    path = TextField(directoryText)
  }

  /// Edits the path that is being typed.
  mutating func type(_ key: KeyEvent) {
    // A slash or tilde behind the unchanged directory begins another path.
    let beginsAnew = key == KeyEvent("/") || key == KeyEvent("~")
    if beginsAnew, path.text == directoryText { path.clear() }
    _ = path.handle(key)
  }

  private var directoryText: String { PickerPath.join(PickerPath.abbreviated(directory, home: home), "") }

  /// Shows the directory at a path, or chooses the file at it, once the listing of its parent has shown which it is.
  /// - Parameter text: absolute, relative to the directory that is shown, or beginning with `~`.
  mutating func go(toPath text: String) -> Outcome {
    let path = PickerPath.absolute(text, in: directory, home: home)
    guard let (parent, name) = PickerPath.split(path), !text.hasSuffix("/"), name != ".", name != ".." else {
      return go(to: path)
    }
    lookup = (parent, .find(name))
    return .stay([.readDirectory(parent)])
  }

  /// Opens a directory, or chooses a file, by its name in a listing. A name that is missing counts as a file if the
  /// listing is incomplete; otherwise a message reports it, and the typed path remains, to be corrected.
  private mutating func find(_ name: String, in listing: DirectoryListing) -> Outcome {
    let path = PickerPath.join(listing.path, name)
    let parent = PickerPath.abbreviated(listing.path, home: home)
    if let entry = listing.entries.first(where: { $0.name == name }) {
      if entry.kind == .directory { return go(to: path) }
      return reject(entry) ? .stay([]) : choose(path, size: entry.size)
    }
    let failure = listing.entries.isEmpty ? listing.problem : nil
    // It may be among the entries that were not read: the check before sending shows whether it exists.
    if failure == nil, listing.total > listing.entries.count { return choose(path, size: nil) }
    message = failure.map { "\(parent): \($0)" } ?? "There is no \(name) in \(parent)."
    return .stay([])
  }

  /// Chooses a file together with all marked files.
  private mutating func choose(_ path: String, size: UInt64?) -> Outcome {
    context = .browsing
    guard !marks.isEmpty else { return .choose([path]) }
    _ = marks.add(path, size: size, isDirectory: false)
    return .choose(marks.paths)
  }

  /// Requests the directory whose names can complete the typed path.
  mutating func startCompletion() -> Outcome {
    let head = PathCompletion(path.text).head
    let directory = head.isEmpty ? directory : PickerPath.absolute(head, in: directory, home: home)
    lookup = (directory, .complete(path.text))
    return .stay([.readDirectory(directory)])
  }

  private mutating func complete(_ text: String, from listing: DirectoryListing) {
    guard context == .typingPath, path.text == text else { return }
    let (completed, found) = PathCompletion(text).complete(listing.entries)
    path = TextField(completed)
    candidates = PickerEntries(found.count > 1 ? found : [], showsHidden: true)
    message = found.isEmpty ? listing.problem ?? "No name starts with that." : nil
  }

  /// Checks whether an entry can be sent, and shows why not.
  /// - Returns: true for an entry that cannot; then ``message`` has the reason.
  mutating func reject(_ entry: DirectoryEntry) -> Bool {
    guard let problem = entry.sendProblem else { return false }
    message = "\(PlainText.sanitized(entry.name)): \(problem)"
    return true
  }
}

extension DirectoryEntry {
  /// Why the entry cannot be sent, as a phrase for a message; nil for a readable file or directory.
  var sendProblem: String? {
    if let problem { return problem }
    switch kind {
    case .file, .directory: return nil
    case .other(let kind): return "only files and directories can be sent, and this is a \(kind)"
    }
  }
}
