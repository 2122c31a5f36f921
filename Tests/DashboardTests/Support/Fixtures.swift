import Dashboard
import TerminalUI
@testable import UploadCore

extension DashboardFacts {
  static let example = DashboardFacts(
    url: "http://192.168.1.7:8080",
    directory: "./uploads",
    workingDirectory: "/home/ann/videos",
    home: "/home/ann"
  )
}

extension TerminalCapabilities {
  static let unicode = TerminalCapabilities(colors: .colors256, isUnicode: true, hasClipboard: true)
  static let ascii = TerminalCapabilities(colors: .colors8, isUnicode: false, hasClipboard: false)
}

/// Drives a model as its main loop does, with a clock on which snapshots are half a second apart.
struct Driver {
  var model: DashboardModel
  /// The effects that the model has returned, in order.
  var effects: [DashboardEffect] = []
  var resident: UInt64 = 14_900_000
  private(set) var steps = 0
  private let start = ContinuousClock.now

  init(
    _ size: Size = Size(width: 120, height: 34),
    facts: DashboardFacts = .example,
    settings: DashboardSettings = DashboardSettings(),
    capabilities: TerminalCapabilities = .unicode
  ) {
    model = DashboardModel(facts: facts, settings: settings, capabilities: capabilities, size: size)
  }

  mutating func send(_ message: DashboardMessage) {
    effects += model.update(message)
  }

  mutating func show(
    _ uploads: [UploadSnapshot],
    groups: [GroupSnapshot] = [],
    downloads: DownloadTotals = DownloadTotals(),
    endedDownloads: [DownloadSnapshot] = [],
    unlisted: Int = 0,
    rejected: [RejectedRequest] = [],
    rejectedCount: UInt64 = 0,
    finished: [UploadDirection: FinishedFiles] = [:]
  ) {
    var snapshot = Snapshot(
      at: start + .milliseconds(500 * steps),
      uploads: uploads,
      memory: ProcessMemory(resident: resident, peak: 23_200_000),
      slabs: SlabUse(used: uploads.count { $0.outcome == nil } << 20, budget: 256 << 20)
    )
    (snapshot.groups, snapshot.downloads, snapshot.endedDownloads) = (groups, downloads, endedDownloads)
    (snapshot.unlisted, snapshot.finished) = (unlisted, finished)
    snapshot.rejected = rejected
    snapshot.rejectedCount = rejectedCount
    let seconds = 18 * 3600 + 30 * 60 + steps / 2
    send(.snapshot(snapshot, ClockTime(hour: seconds / 3600, minute: seconds / 60 % 60, second: seconds % 60)))
    steps += 1
  }

  /// Presses keys that type a character each.
  mutating func type(_ text: String) {
    for character in text { press(KeyEvent(character)) }
  }

  mutating func press(_ keys: KeyEvent...) {
    for key in keys { send(.input(.key(key))) }
  }

  mutating func press(_ key: Key) {
    press(KeyEvent(key))
  }

  /// The effects since the last call.
  mutating func takeEffects() -> [DashboardEffect] {
    defer { effects = [] }
    return effects
  }

  /// The screen as text.
  var text: String { model.render().text }

  func row(_ y: Int) -> String { model.render().text(ofRow: y) }

  /// The first row with a selection mark; nil without one.
  var selectedRow: String? {
    text.split(separator: "\n").first { $0.contains("│▌") }.map(String.init)
  }
}
