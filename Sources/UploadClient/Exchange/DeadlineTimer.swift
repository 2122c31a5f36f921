import NIOCore

/// A timer for a deadline that moves later with almost every event. It is never moved later: when it fires too early, it is
/// set again. So it costs a few tasks a second and not one for each chunk.
struct DeadlineTimer {
  private var task: Scheduled<Void>?
  private var instant = NIODeadline.distantFuture

  /// Whether it would fire after `deadline`, or not at all.
  func isLate(for deadline: NIODeadline) -> Bool { deadline < instant }

  /// Has `action` called at `deadline`, and at no other time. On the event loop only.
  mutating func set(to deadline: NIODeadline, on loop: any EventLoop, action: @escaping () -> Void) {
    task?.cancel()
    instant = deadline
    task = loop.assumeIsolated().scheduleTask(deadline: deadline, action)
  }

  /// It has fired.
  mutating func fired() {
    task = nil
    instant = .distantFuture
  }

  mutating func cancel() {
    task?.cancel()
    fired()
  }
}
