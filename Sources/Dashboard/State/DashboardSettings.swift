package import TerminalUI
package import UploadCore

/// What the user likes, kept from one start to the next.
package struct DashboardSettings: Hashable, Sendable {
  package var theme = ThemeName.dark
  package var bar = BarStyle.block
  package var sort = UploadSort.started
  /// How the next file is sent: stream, multipart or buffered.
  package var mode = UploadMode.stream
  /// Snapshots a second: one of ``refreshRates``.
  package var refreshRate = 5
  /// Where the picker was last.
  package var directory: String?

  /// The rates that `+` and `-` step through, slowest first.
  package static let refreshRates = [1, 2, 5, 10]

  package init() {}
}

/// What the uploads in a pane are ordered by; those that run come before those that have ended.
package enum UploadSort: String, Sendable, CaseIterable {
  /// Newest first.
  case started
  case name
  /// Fastest first.
  case rate
  /// Nearest to its end first.
  case progress
  /// Most memory first.
  case memory
}

extension UploadSort {
  /// As it is said to the user.
  var words: String {
    switch self {
    case .started: "start, newest first"
    case .name: "name"
    case .rate: "rate, fastest first"
    case .progress: "progress, nearest to the end first"
    case .memory: "memory, most first"
    }
  }
}
