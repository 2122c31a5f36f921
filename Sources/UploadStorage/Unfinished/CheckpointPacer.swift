import NIOCore

/// Decides when the bytes of an unfinished upload are made durable while data flows: every 5 s, and after each 64 MiB
/// but at most once a second. Has no clock.
struct CheckpointPacer {
  static let interval = TimeAmount.seconds(5)
  static let leastInterval = TimeAmount.seconds(1)
  /// In bytes.
  static let manyBytes = 64 * 1024 * 1024

  private var last: NIODeadline
  /// Bytes written since the last checkpoint began.
  private var pending = 0
  private var isRunning = false

  /// - Parameter start: when the request began.
  init(start: NIODeadline) {
    last = start
  }

  mutating func wrote(_ count: Int) {
    let (sum, isTooLarge) = pending.addingReportingOverflow(count)
    pending = isTooLarge ? .max : sum
  }

  /// When the next checkpoint is due, perhaps in the past; nil while one runs, and when nothing was written since.
  var due: NIODeadline? {
    guard !isRunning, pending > 0 else { return nil }
    return last + (pending >= Self.manyBytes ? Self.leastInterval : Self.interval)
  }

  mutating func begin(at now: NIODeadline) {
    (isRunning, pending, last) = (true, 0, now)
  }

  mutating func end() { isRunning = false }
}

/// Has checkpoints made when they are due. Lives on one event loop.
final class CheckpointTimer {
  private let eventLoop: any EventLoop
  private var pacer: CheckpointPacer
  private var scheduled: (due: NIODeadline, task: Scheduled<Void>)?
  /// Makes a checkpoint; calls ``begin()`` first.
  private var action: (() -> Void)?
  private let isProvisional: Bool

  /// - Parameter isProvisional: whether the bytes do not count yet, so that there is nothing to record.
  init(isProvisional: Bool, eventLoop: any EventLoop) {
    self.isProvisional = isProvisional
    self.eventLoop = eventLoop
    pacer = CheckpointPacer(start: eventLoop.now)
  }

  /// Notes that bytes were written, and makes a checkpoint if one is due.
  /// - Parameter action: makes one, now or later, until ``cancel()``.
  func wrote(_ count: Int, then action: @escaping () -> Void) {
    guard !isProvisional else { return }
    pacer.wrote(count)
    self.action = action
    check()
  }

  /// Notes that a checkpoint begins; call ``end()`` when it is made.
  func begin() { pacer.begin(at: eventLoop.now) }

  func end() {
    pacer.end()
    check()
  }

  /// Makes no more checkpoints.
  func cancel() {
    scheduled?.task.cancel()
    (scheduled, action) = (nil, nil)
  }

  private func check() {
    guard let action, let due = pacer.due else { return }
    guard due > eventLoop.now else { return action() }
    if let scheduled {
      guard due < scheduled.due else { return }
      scheduled.task.cancel()
    }
    let task = eventLoop.assumeIsolated().scheduleTask(deadline: due) {
      self.scheduled = nil
      self.check()
    }
    scheduled = (due, task)
  }
}
