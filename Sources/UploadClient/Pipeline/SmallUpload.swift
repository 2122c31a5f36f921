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
  /// Headers and body.
  let request: ByteBuffer
  /// Bytes of the file.
  let size: Int
  let contentType: String
  /// Decides about further attempts; nil before the first has failed.
  var retries: RetryStateMachine?
  var state = State.queued

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

  private init(_ source: UploadSource, _ meter: UploadMeter, _ request: ByteBuffer, size: Int, contentType: String) {
    (self.source, self.meter, self.request) = (source, meter, request)
    (self.size, self.contentType) = (size, contentType)
  }

  /// The meter of a source that has no request yet.
  static func meter(
    _ source: UploadSource,
    size: UInt64?,
    _ target: SendTarget,
    type: String? = nil,
    group: UploadGroup? = nil
  ) -> UploadMeter {
    UploadMeter(
      direction: .outgoing,
      mode: .stream,
      name: PlainText.sanitized(source.remotePath ?? source.name),
      size: size,
      remote: target.authority,
      declaredType: type,
      group: group
    )
  }

  /// Reads a file and formats its request. Blocks: call it on a thread pool.
  /// - Parameter scratch: a buffer for the content, which is reused.
  static func prepare(_ source: UploadSource, _ template: SmallRequest, _ scratch: inout ByteBuffer) -> Prepared {
    do throws(UploadError) {
      guard try source.readWhole(limit: SmallRequest.sizeLimit, into: &scratch) else { return .large(source) }
      let size = UInt64(scratch.readableBytes)
      let detectedType = type(of: scratch)
      let contentType = UploadRequest.contentType(
        name: source.name,
        detectedType: detectedType,
        template.configuration
      )
      let meter = meter(source, size: size, template.target, type: contentType, group: template.group)
      meter.detectedType = detectedType
      let request = template.buffer(source, contentType: contentType, body: scratch)
      return .ready(SmallUpload(source, meter, request, size: Int(size), contentType: contentType))
    } catch {
      return .failed(source, meter(source, size: source.size, template.target, group: template.group), error)
    }
  }

  private static func type(of content: ByteBuffer) -> String? {
    MediaTypeSniffer.type { (offset, count) throws(Never) in
      content.getBytes(at: content.readerIndex + offset, length: min(count, max(0, content.readableBytes - offset)))
        ?? []
    }
  }

  /// The outcome for a response. Call it on a thread pool: the digest is compared, if the response states one.
  func outcome(_ response: ServerResponse, hasToken: Bool) -> UploadOutcome {
    do throws(UploadError) {
      let sent = ServerResponse.Sent(name: meter.name, bytes: UInt64(size), type: contentType, hasToken: hasToken)
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
    request.withUnsafeReadableBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0.suffix(size))) }
    return hash.digests
  }
}
