/// Wake-ups for one task that waits for them. Those that come while it is busy count as one.
struct WakeUps: Sendable {
  /// One element for each wake-up; for a single task.
  let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Wakes the task, or keeps it from its next wait.
  func post() {
    continuation.yield()
  }
}
