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
