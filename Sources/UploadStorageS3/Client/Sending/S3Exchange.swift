import HTTPExchange
import NIOCore
import NIOHTTP1
import NIOPosix
import UploadCore

/// What one request sends, and what becomes of its response and its connection.
final class S3Exchange: ExchangeDelegate {
  /// The body of a request.
  enum Content: Sendable {
    case bytes(ByteBuffer)
    case file(S3FileSource)
  }

  private static let rangeError = UploadError(.internalFailure, "A chunk beyond the end of the body was requested.")

  let head: HTTPRequestHead
  private let content: Content
  private let receiver: S3Receiver?
  private let threadPool: NIOThreadPool
  private let onKeep: (any Channel, ExchangeResponse) -> Void
  /// The chunk of a file that was read last; nil for one that sendfile sends.
  private var chunk: ByteBuffer?

  /// - Parameters:
  ///   - receiver: receives the body of a success; nil where it is kept.
  ///   - onKeep: receives a connection that can serve another request after the response.
  init(
    _ head: HTTPRequestHead,
    _ content: Content,
    _ receiver: S3Receiver?,
    threadPool: NIOThreadPool,
    onKeep: @escaping (any Channel, ExchangeResponse) -> Void
  ) {
    (self.head, self.content, self.receiver) = (head, content, receiver)
    (self.threadPool, self.onKeep) = (threadPool, onKeep)
  }

  func chunk(_ range: Range<UInt64>) throws -> IOData {
    switch content {
    case .bytes(let buffer):
      let start = buffer.readerIndex + Int(clamping: range.lowerBound)
      guard let slice = buffer.getSlice(at: start, length: range.count) else { throw Self.rangeError }
      return .byteBuffer(slice)
    case .file(let source):
      defer { chunk = nil }
      return chunk.map(IOData.byteBuffer) ?? .fileRegion(source.region(range))
    }
  }

  func read(_ range: Range<UInt64>?, atMost limit: UInt64, on loop: any EventLoop) -> EventLoopFuture<ContentReading> {
    guard case .file(let source) = content, let range else { return loop.makeSucceededFuture(.end) }
    let reading = threadPool.runIfActive(eventLoop: loop) { try source.read(range) }
    return reading.assumeIsolated().map { [self] bytes in
      chunk = bytes
      return .bytes(bytes.readableBytes)
    }.nonisolated()
  }

  /// The caller keeps the file as it is.
  func check(on loop: any EventLoop) -> EventLoopFuture<Void> { loop.makeSucceededVoidFuture() }

  func sourceError(_ code: CInt) -> (any Error)? {
    switch content {
    case .bytes: nil
    case .file: SystemCallError("sendfile", code)
    }
  }

  func accepts(_ response: ExchangeResponse) -> Bool {
    guard response.isSuccess, let receiver else { return true }
    return receiver.begin(response)
  }

  func receive(_ bytes: ByteBuffer) -> ExchangeReception { receiver.map { .later($0.receive(bytes)) } ?? .used }

  func keep(_ channel: any Channel, after response: ExchangeResponse) { onKeep(channel, response) }
}

/// Receives the body of a response as it arrives.
struct S3Receiver: Sendable {
  /// Called with the headers of a success; false when its body is not what was asked for.
  let begin: @Sendable (ExchangeResponse) -> Bool
  /// Called on the connection's event loop; no more is passed on until the future has succeeded.
  let receive: @Sendable (ByteBuffer) -> EventLoopFuture<Void>
}

/// What a response of the engine contains.
extension ExchangeResponse {
  /// A header field's value; nil without one, and for an empty one.
  subscript(name: String) -> String? { headers.first(name: name).flatMap { $0.isEmpty ? nil : $0 } }

  /// Whether the body was longer than its limit: then it is truncated.
  var isTruncated: Bool { extent == .truncated }

  /// The document in the body; nil when it is no XML, or longer than its limit.
  var document: XMLElement? { isTruncated ? nil : try? XMLReader.read(body) }
}
