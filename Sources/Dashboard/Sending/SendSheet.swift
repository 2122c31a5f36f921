import TerminalUI
import UploadCore

/// The dialog that shows which files and directories are about to be sent, lets the user change mode and target, and sends the files.
///
/// Pure: it requests checks with ``DashboardEffect/check(paths:target:)`` and counts of directories with
/// ``DashboardEffect/countDirectory(_:)``, and ``receive(_:)`` accepts their results.
struct SendSheet: Sendable {
  /// The result of an event.
  enum Outcome: Hashable, Sendable {
    /// The dialog remains open, and needs these effects.
    case stay([DashboardEffect])
    /// The dialog must be closed without sending.
    case back
    /// The dialog must be closed. The effect, which the caller performs, sends the files; `left` are those that the
    /// queue has no room for.
    case send(DashboardEffect, left: [SendCheck.File])
    /// The help was requested.
    case help
  }

  enum Field: CaseIterable, Sendable { case files, mode, target }

  /// The paths of all files and directories, absolute, without duplicates, in the order in which they were chosen.
  private(set) var paths: [String]
  var mode: UploadMode
  /// The URL of the server in this process.
  let ownURL: String
  /// The home directory, which `~` stands for; absolute.
  let home: String
  var field = Field.files
  var address: TargetField
  /// The name that is being typed for the target; nil while none is.
  var naming: TargetNaming?
  var scroll = Scroll()
  /// The results of the latest check, by path; empty before the first, and without files that were added since.
  var known: [String: SendCheck.File] = [:]
  var targetProblem: String?
  /// What the directories contain; before the first check, what was counted earlier.
  var counts = DirectoryCounts()
  /// How many more files the queue has room for, 0 or more; the model sets it after each message.
  var room = Int.max
  /// The effect of the check whose result is pending; nil when none is.
  var pendingCheck: DashboardEffect?
  /// The target of the latest check that was requested.
  private(set) var checkedTarget: SendDestination
  /// A text about the last key, such as why it had no effect; nil when there is none.
  var message: String?
  /// While the texts below the fields are shown alone, how many of their rows are scrolled out; otherwise nil.
  var readOffset: Int?

  /// The modes in which files can be sent, in the order of the dialog's rows.
  static let modes: [UploadMode] = [.stream, .multipart, .buffered]

  /// - Parameters:
  ///   - paths: absolute, at least one.
  ///   - mode: `raw`, which no file can be sent in, becomes `stream`.
  ///   - ownURL: the URL of the server in this process.
  ///   - home: the home directory, which `~` stands for; absolute.
  ///   - targets: those that are offered.
  ///   - address: the address or the name of the target at first; empty for the server in this process.
  init(
    paths: [String],
    mode: UploadMode,
    ownURL: String,
    home: String,
    targets: SavedTargets = SavedTargets(),
    address: String = ""
  ) {
    (self.paths, self.ownURL, self.home) = (paths, ownURL, home)
    self.mode = Self.modes.contains(mode) ? mode : .stream
    self.address = TargetField(address, targets: targets, ownURL: ownURL)
    checkedTarget = self.address.destination
    pendingCheck = .check(paths: paths, target: checkedTarget)
  }

  /// The effect that requests the pending check, or none; perform it once the dialog was created.
  var firstEffects: [DashboardEffect] { pendingCheck.map { [$0] } ?? [] }

  /// The target as it is typed now.
  var target: SendDestination { address.destination }

  /// Accepts the result of ``DashboardEffect/check(paths:target:)``; ignores that of an earlier check.
  /// - Returns: the effects that count directories.
  @discardableResult
  mutating func receive(_ check: SendCheck) -> [DashboardEffect] {
    guard pendingCheck == .check(paths: check.files.map(\.path), target: check.target) else { return [] }
    pendingCheck = nil
    known = Dictionary(check.files.map { ($0.path, $0) }) { first, _ in first }
    targetProblem = check.targetProblem
    if targetProblem != nil, naming != nil { (naming, message) = (nil, Self.invalidNaming) }
    return counts.request(sendable.filter(\.isDirectory).map(\.path))
  }

  /// Accepts the result of ``DashboardEffect/countDirectory(_:)``.
  mutating func receive(_ count: DirectoryCount) { counts.receive(count) }

  /// Why a file or directory cannot be sent; nil when it can, or before it was checked.
  func problem(_ path: String) -> String? { known[path]?.problem ?? counts[path]?.problem }

  var isChecking: Bool { pendingCheck != nil }

  /// The files that can be sent according to the latest check, in the order of ``paths``.
  var sendable: [SendCheck.File] { paths.compactMap { known[$0] }.filter { problem($0.path) == nil } }

  /// Why nothing can be sent now, as a sentence for the user; nil when ``send()`` would send files.
  var obstacle: String? {
    if target != checkedTarget { return "Press Enter to accept the address." }
    if isChecking { return "Checking the files." }
    if let targetProblem { return targetProblem }
    if sendable.isEmpty { return "None of the files can be sent." }
    return room > 0 ? nil : "The queue is full. Send these files when other uploads have ended."
  }

  /// Sends as many of the files as the queue has room for, or shows why that is not possible.
  /// - Returns: `send`, or `stay` without effects.
  mutating func send() -> Outcome {
    message = obstacle
    guard message == nil else { return .stay([]) }
    let files = sendable
    let sent = files.prefix(room).map(\.path)
    return .send(.send(paths: sent, target: target, mode: mode), left: Array(files.dropFirst(room)))
  }

  /// Adds files that are not in the dialog yet, and then checks all files again; does nothing when there are none to
  /// add.
  /// - Parameter added: absolute paths without duplicates.
  mutating func add(_ added: [String]) -> Outcome {
    let present = Set(paths)
    let new = added.filter { !present.contains($0) }
    paths += new
    return new.isEmpty ? .stay([]) : check()
  }

  /// Requests a check of all files and of the target that is typed now.
  /// - Returns: `stay` with the effect.
  mutating func check() -> Outcome {
    checkedTarget = target
    targetProblem = nil
    pendingCheck = .check(paths: paths, target: target)
    return .stay(firstEffects)
  }
}
