import NIOCore
import NIOHTTPTypes

extension Channel {
  /// Sends a piece of a response's body, and waits until the socket has taken it. Hummingbird's writer looks whether there
  /// is room on a thread of its own, and so hands on megabytes before the event loop can say that there is none.
  func sendBody(_ piece: ByteBuffer) async throws {
    try await withTaskCancellationHandler {
      try await writeAndFlush(HTTPResponsePart.body(piece))
    } onCancel: {
      close(promise: nil)
    }
  }
}
