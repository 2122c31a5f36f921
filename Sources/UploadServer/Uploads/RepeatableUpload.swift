import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// An accepted PUT of a file, as far as its other fields than target, length, type and time decide about the upload: what
/// was decided is right for every request of the connection that repeats them (``RepeatedHeaders``).
///
/// Only for uploads that begin and end without conditions: no preconditions or digests, no rate limit, no page for a
/// browser, no `Expect`, and keep-alive.
///
/// A class: most connections have none, and would only retain the room for it.
final class RepeatableUpload: Sendable {
  /// The largest body that is served so, in bytes: the server has it in memory whole.
  static let largestBody = 64 * 1024

  /// The request, as complete as one is whose body has arrived.
  let request: CurrentRequest
  private let group: UploadGroup?
  private let sender: SenderName?
  /// Whether its requests are those of this process.
  private let isOwn: Bool

  /// - Parameters:
  ///   - incoming: a request that is accepted and begins an upload.
  ///   - current: what the connection remembers of it.
  /// - Returns: nil for an upload of another kind, or one with conditions.
  init?(_ incoming: IncomingRequest, _ current: CurrentRequest, in server: ServerContext) {
    let (head, fields) = (incoming.head, incoming.head.headerFields)
    guard head.method == .put, incoming.length != .chunked, current.keepAlive, current.page == nil,
      !current.expectsContinue, server.limiter == nil, server.limits.ratePerUpload == nil,
      let digests = try? DigestRequest(fields), digests.algorithms.isEmpty,
      let preconditions = try? Preconditions(fields, for: .store, now: CurrentTime.seconds), preconditions.isEmpty
    else { return nil }
    do throws(UploadError) { sender = try SenderField.name(in: fields) } catch { return nil }
    group = TreeField.group(in: fields)
    isOwn = server.admission.isOwn(fields)
    var request = current
    request.received = incoming.length.bytes ?? 0
    self.request = request
  }

  /// Whether further uploads begin without a decision: the server accepts them, and the user has neither paused nor limited
  /// their tree.
  func isUnrestricted(in server: ServerContext) -> Bool {
    server.admission.accepts(isOwn: isOwn, group) && !server.ledger.controlsIncoming(group)
  }

  /// A request that repeats the headers, with its whole body: decides about it as about any other.
  /// - Parameters:
  ///   - head: of the request.
  ///   - bytes: begin with the request and contain all of it.
  /// - Returns: nil when it needs what only the usual way does: it would be rejected, or its target is none of a file.
  func file(_ head: RepeatedHeaders, _ bytes: ByteBuffer, in server: ServerContext) -> SmallFile? {
    let limits = server.limits
    guard let text = bytes.text(head.target), let target = try? RequestTarget(text), target.query == nil,
      server.resumable == nil || ResumableRoute.allowedMethods(at: target.path) == nil,
      let path = try? limits.paths.filePath(target),
      let name = try? RequestedName(requested: path, in: limits.paths.directory(of: sender)),
      let body = bytes.getSlice(at: bytes.readerIndex + head.length, length: head.bodyLength),
      UInt64(head.bodyLength) <= limits.maxSize?.bytes ?? .max
    else { return nil }
    let type = UploadRoute.declaredType(head.contentType.flatMap(bytes.text))
    let meter = UploadMeter(
      direction: .incoming,
      mode: .stream,
      name: name.path(type: type).description,
      size: UInt64(head.bodyLength),
      remote: request.client.text,
      sender: sender,
      declaredType: type,
      group: group,
      countsTime: false
    )
    var inspector = ContentInspector(meter: meter, name: name, limits: limits)
    guard (try? limits.types.check(declared: type)) != nil, (try? inspector.inspect(body)) != nil,
      let stored = try? inspector.finish()
    else { return nil }
    meter.setNetworkBytes(body.readableBytes)
    meter.phase = .finishing
    let modified = limits.paths.modified(head.modified.flatMap(bytes.text))
    let request = FinalizeRequest(path: stored.path, modified: modified, type: stored.type)
    let file = CompleteFile(body, request, hash: SHAHash(server.digests), meter: meter)
    return SmallFile(target: text, modified: modified, file: file)
  }
}

/// A small file that has arrived, and what the response to its request depends on.
struct SmallFile {
  /// The target of the request.
  let target: String
  /// The modification time that the request states, in seconds since 1970; nil for none.
  let modified: Int64?
  let file: CompleteFile
}

extension ByteBuffer {
  /// Text at a range of offsets from the first readable byte.
  fileprivate func text(_ range: Range<Int>) -> String? {
    getString(at: readerIndex + range.lowerBound, length: range.count)
  }
}

extension RepeatedHeaders {
  /// The length of the request in bytes; nil where its body is larger than ``RepeatableUpload/largestBody``.
  var smallSize: Int? { bodyLength <= RepeatableUpload.largestBody ? length + bodyLength : nil }
}
