package import NIOCore

/// A timer for a deadline that moves later with almost every event. Set it only where ``isLate(for:)`` says so, and
/// assign a new `DeadlineTimer` when it has fired: one that has fired too early is then set again. So it costs a few
/// tasks a second and not one for each chunk.
package struct DeadlineTimer {
  private var task: Scheduled<Void>?
  private var instant = NIODeadline.distantFuture

  package init() {}

  /// Whether it would fire after `deadline`, or is not set.
  package func isLate(for deadline: NIODeadline) -> Bool { deadline < instant }

  /// Has `action` called at `deadline`, and no longer at the previous one. Call it on `loop`, which also calls `action`.
  package mutating func set(to deadline: NIODeadline, on loop: any EventLoop, action: @escaping () -> Void) {
    task?.cancel()
    instant = deadline
    task = loop.assumeIsolated().scheduleTask(deadline: deadline, action)
  }

  /// Stops the timer, which can be set again. Call it on the event loop.
  package mutating func cancel() {
    task?.cancel()
    self = DeadlineTimer()
  }
}
