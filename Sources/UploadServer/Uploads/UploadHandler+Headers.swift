import NIOCore
import UploadCore

/// Memory that the decoder holds for request headers that are not complete: counted, since no token has been asked for by
/// then.
extension UploadHandler {
  /// Whether headers may follow in what is decoded next. In the body of an accepted upload they are not looked for.
  var mayMissHeaders: Bool {
    expectsHead || !(state.isReceiving || state.isLingering)
  }

  /// The decoder has got `count` bytes and made ``partsDecoded`` parts of them.
  func countUnfinishedHead(_ count: Int) {
    unfinishedHead = expectsHead && partsDecoded == 0 ? unfinishedHead + count : 0
  }

  /// Tells the server how much that is, which may have another connection, or this one, closed.
  func reportUnfinishedHead() {
    guard unfinishedHead > 0, authenticatedClient == nil, let context, context.channel.isActive else {
      return forgetUnfinishedHead()
    }
    if let entry = unfinishedHeadEntry {
      server.unfinishedHeaders.set(unfinishedHead, of: entry)
    } else {
      let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
      let eventLoop = context.eventLoop
      unfinishedHeadEntry = server.unfinishedHeaders.add(unfinishedHead) {
        eventLoop.execute { handler.value.evictUnfinishedHead() }
      }
    }
  }

  /// The headers are complete, or the connection is gone.
  func forgetUnfinishedHead() {
    guard let entry = unfinishedHeadEntry else { return }
    unfinishedHeadEntry = nil
    server.unfinishedHeaders.remove(entry)
  }

  /// The server holds too many bytes of unfinished headers, and these are the oldest.
  private func evictUnfinishedHead() {
    guard unfinishedHeadEntry != nil, let context else { return }
    unfinishedHeadEntry = nil
    // Nothing can be answered before the request that is under way, and the memory is wanted now.
    guard isAtRest else { return context.close(promise: nil) }
    headSince = nil
    lingeringLimits = .evicted
    let limit = ByteSize.text(UInt64(UnfinishedHeaders.limit))
    refuse(
      UploadError(
        .headersTooLarge,
        "The server holds more than \(limit) of unfinished request headers. Send the headers at once, and try again."
      ),
      context
    )
  }
}
