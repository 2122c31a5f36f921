import CLinux
import Glibc
import Synchronization

/// Events that other threads post to the main thread, which waits for a descriptor.
package final class EventQueue<Event: Sendable>: Sendable {
  /// Readable while there are events.
  package let descriptor = clinux_event_descriptor()
  private let events = Mutex<[Event]>([])

  package init() {}

  deinit {
    close(descriptor)
  }

  package func post(_ event: Event) {
    events.withLock { $0.append(event) }
    clinux_raise_event(descriptor)
  }

  /// All events since the last call, in their order.
  package func take() -> [Event] {
    clinux_clear_event(descriptor)
    return events.withLock { events in
      defer { events = [] }
      return events
    }
  }
}

/// Wake-ups for one task that waits for them. Those posted while it is busy count as one.
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

/// Waiting with a timeout.
enum Race {
  /// Returns when `work` has ended, or after `timeout`; `work` then continues.
  static func wait(atMost timeout: Duration, for work: @escaping @Sendable () async -> Void) async {
    let (ends, end) = AsyncStream.makeStream(of: Void.self)
    Task.detached {
      await work()
      end.finish()
    }
    let timer = Task.detached {
      try? await Task.sleep(for: timeout)
      end.finish()
    }
    for await _ in ends {}
    timer.cancel()
  }
}
