import CLinux
import Glibc
import Synchronization

/// Where other threads leave word for the main thread, which waits for a descriptor.
final class Mailbox<Message: Sendable>: Sendable {
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
