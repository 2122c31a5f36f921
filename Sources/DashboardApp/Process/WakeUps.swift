/// Wake-ups for one task that waits for them. Those that come while it is busy count as one.
package struct WakeUps: Sendable {
  /// One element for each wake-up; for a single task.
  package let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  package init() {
    (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Wakes the task, or keeps it from its next wait.
  package func post() {
    continuation.yield()
  }
}
