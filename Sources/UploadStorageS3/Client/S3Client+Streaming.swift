import HTTPExchange
package import NIOCore
import NIOHTTP1
import Synchronization

// MARK: Streaming

extension S3Client {
  /// Streams an object or a range of it. When a connection is lost, the rest is asked for, as long as the object is the same.
  /// - Parameters:
  ///   - range: byte offsets within the object; nil for the whole object. Nothing is read of an empty one.
  ///   - tag: of the object that must be read; with another one the call fails with kind `conditionFailed`.
  ///   - onBytes: called on an event loop with the next bytes; no more are read until its future has succeeded. A failed
  ///     future ends the call with kind `cancelled`.
  package func get(
    _ key: String,
    range: Range<UInt64>?,
    ifMatch tag: String?,
    onBytes: @escaping @Sendable (ByteBuffer) -> EventLoopFuture<Void>
  ) async throws(S3Failure) {
    guard range?.isEmpty != true else { return }
    let reading = S3Reading(range: range, tag: tag)
    let receiver = S3Receiver(
      begin: { reading.begin($0) },
      receive: { bytes in
        reading.add(bytes.readableBytes)
        return onBytes(bytes)
      }
    )
    let policy = configuration.retry.impatient
    try await call(.getObject, { reading.request(key) }, policy: policy, receiver: receiver) { _ in () }
  }
}

/// How far an object has been streamed. Usable from any thread.
private final class S3Reading: Sendable {
  private struct State {
    /// Of the object; nil or empty while it is not known.
    var tag: String?
    /// Bytes that were received.
    var done: UInt64 = 0
  }

  private let range: Range<UInt64>?
  private let state: Mutex<State>

  init(range: Range<UInt64>?, tag: String?) {
    self.range = range
    state = Mutex(State(tag: tag))
  }

  /// The request for what is left; nil when it must not be asked for: nothing tells whether the object is still the same.
  func request(_ key: String) -> S3Request? {
    let state = state.withLock { $0 }
    guard state.done > 0 else {
      return .get(key, from: range?.lowerBound, to: range?.upperBound, ifMatch: state.tag)
    }
    let start = (range?.lowerBound ?? 0) + state.done
    guard let tag = state.tag, !tag.isEmpty, start < range?.upperBound ?? .max else { return nil }
    return .get(key, from: start, to: range?.upperBound, ifMatch: tag)
  }

  /// A success has begun.
  /// - Returns: whether it contains what was asked for: some gateways ignore ranges.
  func begin(_ head: ExchangeResponse) -> Bool {
    state.withLock { state in
      if state.tag == nil { state.tag = head.headers.first(name: "etag").map(S3Tag.unquoted) }
      let start = (range?.lowerBound ?? 0) + state.done
      guard range != nil || state.done > 0 else { return head.status == 200 }
      return head.status == 206
        && head.headers.first(name: "content-range")?.hasPrefix("bytes \(start)-") == true
    }
  }

  func add(_ count: Int) { state.withLock { $0.done += UInt64(count) } }
}
