import TerminalUI
import UploadCore

/// The target in the send dialog: the text that is typed, and the targets that are offered below it.
///
/// The text is an address or the name of a saved target; empty for the server in this process.
struct TargetField: Hashable, Sendable {
  /// A target that is offered.
  enum Offer: Hashable, Sendable {
    case ownServer
    case saved(SavedTarget)
  }

  private(set) var field: TextField
  var targets: SavedTargets
  /// The URL of the server in this process.
  let ownURL: String
  /// What the user has typed since the field has the focus, by which the offers are filtered; nil before, when all are
  /// offered.
  private(set) var typed: String?
  /// The offer whose text is in the field, as a position in ``offers``; nil while the user's own text is.
  private(set) var choice: Int?
  /// Whether the text was not edited since the field has the focus: typed text replaces it, other keys edit it.
  private(set) var isUnedited = true
  /// The user's own text, which comes back above the first offer.
  private var own = TextField()

  init(_ text: String, targets: SavedTargets, ownURL: String) {
    (field, self.targets, self.ownURL) = (TextField(text), targets, ownURL)
  }

  /// The text without spaces at its ends.
  var text: String { String(field.text.trimmingWhitespace) }

  /// The address that the text stands for; that of the server in this process for an empty one.
  var url: String { text.isEmpty ? ownURL : targets[name: text]?.url ?? text }

  var destination: SendDestination { url == ownURL ? .ownServer : .url(url) }

  /// The target for people: `http://nas.local:8080`, or `nas (http://nas.local:8080)` for one that has a name.
  var shown: String {
    let name = destination == .ownServer ? nil : targets.name(of: url)
    return name.map { "\($0) (\(url))" } ?? url
  }

  // MARK: Offers

  /// The server in this process and the saved targets; of these only those that contain what was typed. None when there
  /// are no saved targets.
  var offers: [Offer] {
    guard !targets.entries.isEmpty else { return [] }
    let all = [Offer.ownServer] + targets.entries.map(Offer.saved)
    guard let typed = typed?.trimmingWhitespace.lowercased(), !typed.isEmpty else { return all }
    return all.filter { $0.texts(ownURL).contains { $0.lowercased().contains(typed) } }
  }

  /// Forgets what was typed: all targets are offered again.
  mutating func restart() { (typed, choice, isUnedited) = (nil, nil, true) }

  /// Puts the text of the next offer into the field, or of the previous one; above the first, what the user has typed.
  /// - Returns: false when there is none in that direction.
  mutating func stepChoice(by steps: Int) -> Bool {
    let next = (choice ?? -1) + steps
    if choice != nil, next < 0 {
      (choice, field) = (nil, own)
      return true
    }
    guard next >= 0, !offers.isEmpty else { return false }
    choose(min(next, offers.count - 1))
    return true
  }

  /// Puts the text of an offer into the field; does nothing when there is no such offer.
  mutating func choose(_ index: Int) {
    guard offers.indices.contains(index) else { return }
    if choice == nil { own = field }
    (choice, isUnedited) = (index, false)
    field = TextField(offers[index].text)
  }

  /// Completes what was typed to the first name or URL that begins with it.
  /// - Returns: false when nothing was typed since the field has the focus, or nothing more begins with it.
  mutating func complete() -> Bool {
    let prefix = text.lowercased()
    guard typed != nil, choice == nil, !prefix.isEmpty else { return false }
    let texts = targets.entries.compactMap(\.name) + targets.entries.map(\.url)
    let completed = texts.first { $0.lowercased().hasPrefix(prefix) && $0.lowercased() != prefix }
    guard let completed, targets[name: text] == nil else { return false }
    set(completed)
    typed = completed
    return true
  }

  // MARK: Editing

  /// Handles a key of the field; other keys have no effect.
  mutating func handle(_ key: KeyEvent) {
    if case .character = key.key, key.modifiers.isDisjoint(with: [.control, .alt]) { replaceUnedited() }
    isUnedited = false
    edit { _ = $0.handle(key) }
  }

  mutating func insert(_ text: String) {
    replaceUnedited()
    edit { $0.insert(text) }
  }

  private mutating func replaceUnedited() {
    if isUnedited { field.clear() }
    isUnedited = false
  }

  mutating func set(_ text: String) { (field, choice) = (TextField(text), nil) }

  private mutating func edit(_ change: (inout TextField) -> Void) {
    let before = field.text
    change(&field)
    if field.text != before { (typed, choice) = (field.text, nil) }
  }
}

extension TargetField.Offer {
  /// Its text in the field: its name, otherwise its URL; nothing for the server in this process.
  var text: String {
    switch self {
    case .ownServer: ""
    case .saved(let target): target.name ?? target.url
    }
  }

  /// Its name, or a description in place of a name; empty without one.
  var label: String {
    switch self {
    case .ownServer: "this server"
    case .saved(let target): target.name ?? ""
    }
  }

  func url(_ ownURL: String) -> String {
    switch self {
    case .ownServer: ownURL
    case .saved(let target): target.url
    }
  }

  /// The texts in which what was typed is looked for.
  fileprivate func texts(_ ownURL: String) -> [String] { [label, url(ownURL)] }
}

/// The name that is being typed for a target.
struct TargetNaming: Hashable, Sendable {
  /// The target's URL as it is stored.
  let url: String
  /// The name it has; nil for none.
  let old: String?
  var field: TextField

  init(url: String, old: String?) { (self.url, self.old, field) = (url, old, TextField(old ?? "")) }
}
