import HTTPExchange
import NIOCore
import NIOHTTP1
import NIOPosix

/// What the exchange of one attempt sends, and what becomes of its connection.
final class UploadExchange: ExchangeDelegate {
  private let attempt: UploadAttempt
  let head: HTTPRequestHead
  let monitor: (any ExchangeMonitor)?

  /// - Parameters:
  ///   - head: as it is sent (``ServerConnector/forwarded(_:)``).
  ///   - isNew: whether the connection has served no exchange before.
  init(_ attempt: UploadAttempt, head: HTTPRequestHead, isNew: Bool) {
    (self.attempt, self.head) = (attempt, head)
    monitor = UploadMonitor(attempt, isNew: isNew)
  }

  var prefix: [UInt8] { attempt.request.prefix }
  var suffix: [UInt8] { attempt.request.suffix }

  func chunk(_ range: Range<UInt64>) throws -> IOData {
    guard let data = attempt.content.chunk(range) else { throw BodyContent.rangeError }
    return data
  }

  func read(_ range: Range<UInt64>?, atMost limit: UInt64, on loop: any EventLoop) -> EventLoopFuture<ContentReading> {
    let content = attempt.content
    return attempt.resources.threadPool.runIfActive(eventLoop: loop) { try content.read(range, atMost: limit) }
  }

  func check(on loop: any EventLoop) -> EventLoopFuture<Void> {
    let content = attempt.content
    return attempt.resources.threadPool.runIfActive(eventLoop: loop) { try content.check() }
  }

  func sourceError(_ code: CInt) -> (any Error)? {
    guard case .file(let source) = attempt.content else { return nil }
    return SourceFailure.reading(source.label, code)
  }

  func receive(_ bytes: ByteBuffer) -> ExchangeReception {
    attempt.onResponseBody?(bytes) == false ? .last : .used
  }

  func keep(_ channel: any Channel, after response: ExchangeResponse) {
    let longest = TimeAmount(attempt.resources.configuration.longestIdleTime)
    attempt.resources.connections.keep(channel, to: attempt.target.origin, after: response.headers, atMost: longest)
  }
}
