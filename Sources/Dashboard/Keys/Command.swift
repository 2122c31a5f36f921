/// What a key can ask of the dashboard.
enum Command: Hashable, Sendable {
  // Moving about.

  case up
  case down
  case pageUp
  case pageDown
  case top
  case bottom
  /// To the pane at the left or at the right.
  case left
  case right
  case nextPane
  case previousPane
  case pane(Pane)

  // Uploads.

  case upload
  case mode
  case detail
  case cancel
  case retry
  case clear

  // What is shown, and how.

  case freeze
  case sort
  case filter
  case log
  case copy
  case theme
  case bar
  case faster
  case slower
  case mouse
  case help
  case back

  // The program.

  case quit
  case suspend
  case redraw

  // An answer to a question.

  case yes
  case no

  // The line for the filter.

  case keepFilter
  case dropFilter
}

/// What the keys can go to.
enum Pane: Int, Hashable, Sendable, CaseIterable {
  case incoming = 1
  case outgoing = 2
  case detail = 3
}
