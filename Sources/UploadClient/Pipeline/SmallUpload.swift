import HTTPExchange
import NIOCore
import UploadCore
import UploadProtocol

/// A small file with its request in memory, until its upload has ended.
///
/// Made by a thread of the pool, then used by the event loop of its ``SmallFileSender``, and given to a thread of the pool
/// again when it has ended: never by two at once, which makes `@unchecked Sendable` safe.
final class SmallUpload: @unchecked Sendable {
  let source: UploadSource
  let meter: UploadMeter
  /// Bytes of the file.
  let size: Int
  let contentType: String
  /// Headers and body of the ordinary request.
  private var put: RequestSlice
  /// What to send next.
  private(set) var request: RequestSlice
  /// Decides about further attempts; nil before the first has failed.
  var retries: RetryStateMachine?
  var state = State.queued
  private var responses = LostResponseStateMachine()
  /// Why the server may have stored the file, and no response says whether; nil while that is not so.
  private(set) var uncertainty: UploadError?

  enum State {
    /// It waits for a connection, and is not in the ledger; next: any other.
    case queued
    /// It is in the ledger, and waits for a connection, its response or its next attempt; next: ended.
    case begun
    /// Last.
    case ended
  }

  /// The result of reading a source.
  enum Prepared: Sendable {
    case ready(SmallUpload)
    /// It cannot be read: the meter has not ended.
    case failed(UploadSource, UploadMeter, UploadError)
    /// It is larger than a walk found it, or no regular file: it has to be sent the usual way.
    case large(UploadSource)
  }

  private init(_ source: UploadSource, _ meter: UploadMeter, _ put: RequestSlice, size: Int, contentType: String) {
    (self.source, self.meter, self.put, request) = (source, meter, put, put)
    (self.size, self.contentType) = (size, contentType)
  }

  /// The meter of a source that has no request yet.
  static func meter(
    _ source: UploadSource,
    size: UInt64?,
    _ target: SendTarget,
    type: String? = nil,
    group: UploadGroup? = nil,
    retry: RetryPolicy? = nil
  ) -> UploadMeter {
    UploadMeter(
      direction: .outgoing,
      mode: .stream,
      name: PlainText.sanitized(source.remotePath ?? source.name),
      size: size,
      remote: target.authority,
      path: source.path,
      declaredType: type,
      group: group,
      countsTime: false,
      maxAttempts: retry?.maxAttempts
    )
  }

  /// Reads files and formats their requests in one block. Blocks: call it on a thread pool.
  static func prepare(_ sources: [UploadSource], _ template: SmallRequest) -> [Prepared] {
    var scratch = ByteBuffer()
    let size = sources.reduce(0) { $0 + template.estimatedSize($1) }
    var requests = ByteBufferAllocator().buffer(capacity: size)
    let parts = sources.map { Part($0, template, &scratch, &requests) }
    let block = RequestBlock(requests)
    return parts.map { part in
      switch part {
      case .unsent(let prepared): prepared
      case .request(let source, let meter, let type, let range, let size):
        .ready(SmallUpload(source, meter, RequestSlice(range, of: block), size: size, contentType: type))
      }
    }
  }

  /// What has become of one source, before all requests of the block are written.
  private enum Part {
    case unsent(Prepared)
    case request(UploadSource, UploadMeter, type: String, Range<Int>, size: Int)

    init(_ source: UploadSource, _ template: SmallRequest, _ scratch: inout ByteBuffer, _ requests: inout ByteBuffer) {
      do throws(UploadError) {
        guard try source.readWhole(limit: SmallRequest.sizeLimit, into: &scratch) else {
          self = .unsent(.large(source))
          return
        }
        let size = scratch.readableBytes
        let detectedType = SmallUpload.type(of: scratch)
        let name = source.name
        let type = UploadRequest.contentType(name: name, detectedType: detectedType, template.configuration)
        let meter = SmallUpload.meter(
          source,
          size: UInt64(size),
          template.target,
          type: type,
          group: template.group,
          retry: template.configuration.retry
        )
        meter.detectedType = detectedType
        let start = requests.readableBytes
        template.write(source, contentType: type, body: scratch, to: &requests)
        self = .request(source, meter, type: type, start..<requests.readableBytes, size: size)
      } catch {
        let meter = SmallUpload.meter(source, size: source.size, template.target, group: template.group)
        self = .unsent(.failed(source, meter, error))
      }
    }
  }

  private static func type(of content: ByteBuffer) -> String? {
    var sniffer = MediaTypeSniffer()
    if case .known(let type) = sniffer.append(content.readableBytesView) { return type }
    return sniffer.finish()
  }

  // MARK: Lost responses

  /// The server may have received the whole request, and there is no complete response: what it has is looked up next.
  func lost(_ error: UploadError, _ template: SmallRequest) {
    uncertainty = uncertainty ?? error
    responses.lost()
    formatRequest(template)
  }

  /// What a response means, and what follows. The next request, if any, is ``request`` then.
  func received(_ response: ExchangeResponse, _ template: SmallRequest) -> LostResponseStateMachine.Action {
    let asked = responses.request
    let action = responses.responded(response.status, hasContent: hasContent(response))
    if responses.request != asked { formatRequest(template) }
    if responses.request == .putIfAbsent { uncertainty = nil }
    return action
  }

  /// Whether the next request, or the one that is outstanding, sends the file.
  var sendsFile: Bool { responses.request != .lookUp }

  /// Keeps the memory of no other request, while it waits for its next attempt.
  func detach() {
    put = put.detached
    if responses.request == .put { request = put }
  }

  private func formatRequest(_ template: SmallRequest) {
    switch responses.request {
    case .put: request = put
    case .lookUp: request = RequestSlice(template.lookUp(source, size: size))
    case .putIfAbsent: request = RequestSlice(template.ifAbsent(put.bytes, size: size))
    }
  }

  /// Whether the body of a response is the file's content. A body that is kept in part is longer than any small file.
  private func hasContent(_ response: ExchangeResponse) -> Bool {
    response.body.count == size && put.bytes.readableBytesView.suffix(size).elementsEqual(response.body)
  }

  /// The outcome for a response. Call it on a thread pool: the digest is compared, if the response states one.
  func outcome(_ response: ExchangeResponse, hasToken: Bool) -> UploadOutcome {
    do throws(UploadError) {
      let sent = ExchangeResponse.Sent(name: meter.name, bytes: UInt64(size), type: contentType, hasToken: hasToken)
      var finished = try response.finishedUpload(sent)
      finished.detectedType = meter.detectedType
      if let reported = finished.sha256.flatMap({ ContentDigests(sha256Text: $0) }), digests != reported {
        throw .mismatch
      }
      return .finished(finished)
    } catch {
      return .failed(error)
    }
  }

  private var digests: ContentDigests {
    guard var hash = SHAHash([.sha256]) else { return ContentDigests() }
    put.bytes.withUnsafeReadableBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0.suffix(size))) }
    return hash.digests
  }
}
