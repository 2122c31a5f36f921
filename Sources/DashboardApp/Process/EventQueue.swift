import CLinux
import Glibc
import Synchronization

/// Where other threads leave word for the main thread, which waits for a descriptor.
final class EventQueue<Message: Sendable>: Sendable {
  /// Readable while there is something to take.
  let descriptor = clinux_event_descriptor()
  private let messages = Mutex<[Message]>([])

  deinit {
    close(descriptor)
  }

  func post(_ message: Message) {
    messages.withLock { $0.append(message) }
    clinux_raise_event(descriptor)
  }

  /// All that has come since the last call, in its order.
  func take() -> [Message] {
    clinux_clear_event(descriptor)
    return messages.withLock { messages in
      defer { messages = [] }
      return messages
    }
  }
}

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

/// Waiting for whichever comes first.
enum Race {
  /// Returns when `work` has ended, or after `timeout`; `work` goes on then.
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
