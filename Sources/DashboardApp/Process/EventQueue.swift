import CLinux
import Glibc
import Synchronization
import UploadCore

/// Blocks this thread until a descriptor is readable, a signal handler has run, or `deadline` has passed; at most 60 s
/// with a deadline.
/// - Parameters:
///   - descriptors: those below 0 are ignored.
///   - deadline: nil to wait without a limit.
/// - Returns: true, also after the deadline; false when poll(2) failed, which an interruption by a signal is not.
@discardableResult
package func waitUntilReadable(_ descriptors: Int32..., until deadline: ContinuousClock.Instant? = nil) -> Bool {
  var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
  var timeout: Int32 = -1
  if let deadline {
    // Rounded up: a wake-up before the deadline would be useless.
    timeout = Int32(min(60_000, max(0, ((deadline - .now).inSeconds * 1000).rounded(.up))))
  }
  return poll(&polled, nfds_t(polled.count), timeout) >= 0 || errno == EINTR
}

/// Events that any thread posts to one thread, usually the main thread, which waits for a descriptor. Nothing here
/// blocks.
package final class EventQueue<Event: Sendable>: Sendable {
  /// Readable while there are events (``waitUntilReadable(_:until:)``). Do not read it, but call ``drain()``.
  package let descriptor = clinux_event_descriptor()
  private let events = Mutex<[Event]>([])

  package init() {}

  deinit { close(descriptor) }

  /// Adds an event, and makes ``descriptor`` readable; callable from any thread.
  package func post(_ event: Event) {
    events.withLock { $0.append(event) }
    clinux_raise_event(descriptor)
  }

  /// Removes and returns all events, in the order in which they were posted; empty when there are none.
  package func drain() -> [Event] {
    clinux_clear_event(descriptor)
    return events.withLock { events in
      defer { events = [] }
      return events
    }
  }
}

/// Wake-ups for one task that waits for them. Those posted while it is busy count as one.
package struct WakeUps: Sendable {
  /// An element for each wake-up; those that are posted before the task waits again are one. For a single task.
  package let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  package init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  /// Wakes the task; while it is busy, its next wait ends at once. Callable from any thread.
  package func post() { continuation.yield() }
}

/// Waiting with a timeout.
enum Race {
  /// Returns when `work` has ended, after `timeout`, or when this task is cancelled. `work` continues in a task of its
  /// own.
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
