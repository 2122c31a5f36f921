import TerminalUI

extension FilePicker {
  /// Begins to type a path: the directory's, to go on from.
  mutating func editPath() {
    context = .typingPath
    path = TextField(directoryText)
    dropCandidates()
  }

  /// Takes a key of the path that is typed.
  mutating func type(_ key: KeyEvent) {
    dropCandidates()
    // Who goes on from a directory with a path of its own means that one.
    let beginsAnew = key == KeyEvent("/") || key == KeyEvent("~")
    if beginsAnew, path.text == directoryText { path.clear() }
    _ = path.handle(key)
  }

  private var directoryText: String {
    let shown = PickerPath.abbreviated(directory, home: home)
    return shown.hasSuffix("/") ? shown : shown + "/"
  }

  /// Goes to a path: shows the directory, or chooses the file.
  ///
  /// Which of both it is the directory above tells, where its last part is a name.
  mutating func go(toPath text: String) -> Outcome {
    let path = PickerPath.absolute(text, in: directory, home: home)
    guard let (parent, name) = PickerPath.split(path), !text.hasSuffix("/"), name != ".", name != ".." else {
      return go(to: path)
    }
    lookup = Lookup(directory: parent, purpose: .find(name))
    return .stay([.readDirectory(parent)])
  }

  /// What is typed stays, to be mended, until something was found.
  mutating func find(_ name: String, in listing: DirectoryListing) -> Outcome {
    let path = PickerPath.join(listing.path, name)
    if let problem = listing.problem, listing.entries.isEmpty {
      message = "\(PickerPath.abbreviated(listing.path, home: home)): \(problem)"
      return .stay([])
    }
    guard let entry = listing.entries.first(where: { $0.name == name }) else {
      // It may be among those that were not read: the check before sending finds out.
      if listing.total > listing.entries.count { return choose(path, size: 0) }
      message = "There is no \(name) in \(PickerPath.abbreviated(listing.path, home: home))."
      return .stay([])
    }
    if entry.kind == .directory { return go(to: path) }
    if let obstacle = Self.obstacle(entry) {
      message = "\(name): \(obstacle)"
      return .stay([])
    }
    return choose(path, size: entry.size ?? 0)
  }

  /// Chooses a file, with what is marked.
  private mutating func choose(_ path: String, size: UInt64) -> Outcome {
    context = .browsing
    guard !marks.isEmpty else { return .choose([path]) }
    marks.add(path, size: size)
    return .choose(marks.paths)
  }

  /// Completes the path that is typed, once its directory has been read.
  mutating func startCompletion() -> Outcome {
    let head = PathCompletion(path.text).head
    let directory = head.isEmpty ? directory : PickerPath.absolute(head, in: directory, home: home)
    lookup = Lookup(directory: directory, purpose: .complete(path.text))
    return .stay([.readDirectory(directory)])
  }

  mutating func complete(_ text: String, from listing: DirectoryListing) {
    guard context == .typingPath, path.text == text else { return }
    let (completed, found) = PathCompletion(text).complete(listing.entries)
    path = TextField(completed)
    candidates = PickerEntries(found.count > 1 ? found : [], showsHidden: true)
    message = found.isEmpty ? listing.problem ?? "No name begins like that." : nil
  }

  mutating func dropCandidates() {
    if candidates.count > 0 { candidates = PickerEntries() }
  }

  /// Why an entry cannot be sent; nil for a file that can.
  static func obstacle(_ entry: DirectoryEntry) -> String? {
    if let problem = entry.problem { return problem }
    switch entry.kind {
    case .file: return nil
    case .directory: return "a directory cannot be sent; open it and mark files"
    case .other(let word): return "this is no file (\(word)) and cannot be sent"
    }
  }
}

/// What Tab makes of a path that is being typed.
struct PathCompletion {
  /// What was typed up to the last slash, with it.
  let head: String
  /// The name that was begun.
  let prefix: String

  init(_ text: String) {
    if text == "~" {
      (head, prefix) = ("~/", "")
    } else {
      let slash = text.lastIndex(of: "/")
      head = slash.map { String(text[...$0]) } ?? ""
      prefix = slash.map { String(text[text.index(after: $0)...]) } ?? text
    }
  }

  /// The names that the prefix can become, and the text with as much of it as they share.
  ///
  /// Upper and lower case count as long as there is a name that fits exactly. Hidden names come only when a point was
  /// typed, and names that cannot be typed never.
  /// - Returns: the text as it was, and no names, when there are none.
  func complete(_ entries: [DirectoryEntry]) -> (text: String, candidates: [DirectoryEntry]) {
    let possible = entries.filter { prefix.hasPrefix(".") || !$0.name.hasPrefix(".") }
      .filter { !$0.name.unicodeScalars.contains { $0.properties.generalCategory == .control } }
    var fitting = possible.filter { $0.name.hasPrefix(prefix) }
    if fitting.isEmpty {
      let folded = PickerEntry.fold(prefix)
      fitting = possible.filter { PickerEntry.fold($0.name).starts(with: folded) }
    }
    guard let first = fitting.first else { return (head + prefix, []) }
    if fitting.count == 1 {
      return (head + first.name + (first.kind == .directory ? "/" : ""), fitting)
    }
    let common = fitting.dropFirst().reduce(first.name[...]) { shared, entry in
      shared.prefix(zip(shared, entry.name).prefix { $0 == $1 }.count)
    }
    // Names that differ in case only share less than was typed.
    return (head + (common.count < prefix.count ? prefix : String(common)), fitting)
  }
}
