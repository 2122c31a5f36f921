import Dashboard

/// What the main thread hears from others.
enum LoopEvent: Sendable {
  case message(DashboardMessage)
  /// The engine has stopped.
  case stopped
}
