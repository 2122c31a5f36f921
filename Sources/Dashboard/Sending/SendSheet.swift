import TerminalUI
package import UploadCore

/// Shows what is about to be sent, where and how, lets the user change the last two, and sends.
///
/// Pure: ``DashboardEffect/check(paths:target:)`` asks for a check of files and target, ``receive(_:)`` takes its result.
package struct SendSheet: Sendable {
  /// What follows from an event.
  package enum Outcome: Hashable, Sendable {
    /// The sheet stays, and wants this done.
    case stay([DashboardEffect])
    /// To where the files were chosen.
    case back
    /// The sheet is done; the effect sends the files, all but those that do not fit into the queue.
    case send(DashboardEffect, left: [SendCheck.File])
    /// All keys are to be shown.
    case help
  }

  enum Field: CaseIterable, Sendable {
    case files
    case mode
    case target
  }

  /// Absolute, in the order they were chosen in.
  package private(set) var paths: [String]
  /// How they are sent: worth remembering.
  package internal(set) var mode: UploadMode
  /// Of the server that this dashboard hosts.
  let ownURL: String
  /// What `~` stands for.
  let home: String
  var field = Field.files
  /// Empty means the own server.
  var address = TextField()
  var scroll = Scroll()
  /// What is known of the files so far, by path.
  var known: [String: SendCheck.File] = [:]
  var targetProblem: String?
  /// How many more files may be queued.
  var room = Int.max
  /// The check whose result is awaited.
  var awaited: DashboardEffect?
  /// The target that was asked about last.
  private(set) var askedTarget = SendDestination.ownServer
  /// What the last key led to, where that is not to be seen otherwise.
  var message: String?

  /// The modes there are for sending.
  static let modes: [UploadMode] = [.stream, .multipart, .buffered]

  /// - Parameters:
  ///   - paths: absolute, at least one.
  ///   - mode: `raw` is none to send by, and becomes `stream`.
  ///   - ownURL: of the server that this dashboard hosts.
  ///   - home: what `~` stands for; absolute.
  package init(paths: [String], mode: UploadMode, ownURL: String, home: String) {
    self.paths = paths
    self.mode = Self.modes.contains(mode) ? mode : .stream
    self.ownURL = ownURL
    self.home = home
    awaited = .check(paths: paths, target: .ownServer)
  }

  /// What has to be done first: look at the files.
  package var firstEffects: [DashboardEffect] { awaited.map { [$0] } ?? [] }

  /// Where the files go to, as it is typed by now.
  package var target: SendDestination {
    let text = String(address.text.trimmingWhitespace)
    return text.isEmpty || text == ownURL ? .ownServer : .url(text)
  }

  /// The keys that mean something now, for the footer.
  package var keys: [KeyBinding<SheetCommand>] {
    field == .target ? SheetCommand.typingKeys : SheetCommand.keys
  }

  /// Takes the result of ``DashboardEffect/check(paths:target:)``; that of an earlier check is ignored.
  package mutating func receive(_ check: SendCheck) {
    guard awaited == .check(paths: check.files.map(\.path), target: check.target) else { return }
    awaited = nil
    known = Dictionary(check.files.map { ($0.path, $0) }) { first, _ in first }
    targetProblem = check.targetProblem
  }

  // MARK: What would be sent

  var isChecking: Bool { awaited != nil }

  /// The files that can be sent, as far as is known.
  var sendable: [SendCheck.File] {
    paths.compactMap { known[$0] }.filter { $0.problem == nil }
  }

  /// Why nothing can be sent now, in words; nil when Enter sends.
  var obstacle: String? {
    if target != askedTarget { return "Enter takes the address." }
    if isChecking { return "Looking at the files." }
    if let targetProblem { return targetProblem }
    if sendable.isEmpty { return "None of the files can be sent." }
    return room > 0 ? nil : "The line is full. Send these when some of the others are through."
  }

  mutating func send() -> Outcome {
    if let obstacle {
      message = obstacle
      return .stay([])
    }
    let files = sendable
    let sent = files.prefix(room)
    return .send(.send(paths: sent.map(\.path), target: target, mode: mode), left: Array(files.dropFirst(room)))
  }

  /// Adds files, after those there are.
  mutating func add(_ added: [String]) -> Outcome {
    let present = Set(paths)
    let new = added.filter { !present.contains($0) }
    guard !new.isEmpty else { return .stay([]) }
    paths += new
    return check()
  }

  /// Asks about the target when it is another than before.
  mutating func checkTarget() -> Outcome {
    target == askedTarget ? .stay([]) : check()
  }

  private mutating func check() -> Outcome {
    askedTarget = target
    targetProblem = nil
    let question = DashboardEffect.check(paths: paths, target: target)
    awaited = question
    return .stay([question])
  }
}
