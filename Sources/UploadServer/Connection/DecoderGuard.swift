import NIOCore
import NIOHTTP1
import UploadCore
import UploadProtocol

/// The channel handler before the HTTP decoder, because the decoder retains the bytes of incomplete headers and of all
/// input after the last request. Reports bytes to the ``ConnectionHandler`` for the time limit of headers, counts
/// incomplete headers in ``UnfinishedHeaders`` until the client has presented a token, and discards ignored input.
///
/// Bytes of which the decoder made no part of a request count as incomplete headers, except within a body. To notice
/// headers that follow a part in the same read, the decoder gets at most 4 KiB at a time, while
/// ``ConnectionStateMachine/mayReceiveHeaders`` is true.
///
/// Complete requests with small files that repeat an earlier one go to the handler itself, without the decoder. While
/// they are stored, further input waits here. So does the beginning of such a request, for a moment, and what follows a
/// file that is being stored and begins with such a request. Of a request that has to be decoded all the same the decoder
/// gets no byte more than it has, so that the next one is found behind it.
final class DecoderGuard: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// In bytes.
  private static let step = 4 * 1024
  /// While so much input waits undecoded, in bytes, no more is read.
  private static let inputLimit = 64 * 1024
  /// How many requests in a row are remembered in vain, until no others are.
  private static let mostMisses = 8

  private let handler: ConnectionHandler
  private let buffer: ReceiveBuffer
  private let unfinishedHeaders: UnfinishedHeaders
  /// Of this handler; nil before it is added and after it is removed. What is written to it does not pass the encoder.
  private(set) var output: ChannelHandlerContext?
  /// What has arrived and is not decoded yet.
  private var input = ByteBuffer()
  private var isDecoding = false
  /// How many requests might have been repeated, but were not, since the last one that repeated another.
  private var misses = 0
  /// Bytes of incomplete headers in the decoder.
  private var unfinishedBytes = 0
  /// The entry that counts them; nil while they are not counted.
  private var entry: UnfinishedHeaders.Entry?

  init(_ handler: ConnectionHandler, _ buffer: ReceiveBuffer, _ unfinishedHeaders: UnfinishedHeaders) {
    self.handler = handler
    self.buffer = buffer
    self.unfinishedHeaders = unfinishedHeaders
  }

  func handlerAdded(context: ChannelHandlerContext) {
    output = context
    handler.decoderGuard = self
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    output = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    handler.bytesArrived(bytes.readableBytes)
    guard !handler.machine.input.isIgnored else { return }
    if input.readableBytes > 0 { input.writeImmutableBuffer(bytes) } else { input = bytes }
    decode(context)
  }

  /// Continues with the input that waits. Call it when the request before it has its response.
  func resume() { resume(waits: true) }

  /// - Parameter waits: whether the beginning of a request may wait for its rest.
  private func resume(waits: Bool) {
    guard let output, input.readableBytes > 0 else { return }
    handler.bytesArrived(0)
    decode(output, waits: waits)
    // Hummingbird handles the parts that it got only when a read is complete.
    output.fireChannelReadComplete()
    handler.resumeReading()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent, handler.machine.restAwaitedUntil != nil {
      // An upload that has begun may end.
      resume(waits: false)
    } else if let event = event as? ChannelEvent, event == .inputClosed {
      // The handler has to know whether requests wait, when it learns that they are the last.
      (handler.machine.repeated, handler.machine.repeats) = (nil, false)
      if input.readableBytes > 0 {
        decode(context)
        context.fireChannelReadComplete()
      }
    }
    context.fireUserInboundEventTriggered(event)
  }

  /// Passes on the input, unless it has to wait.
  private func decode(_ context: ChannelHandlerContext, waits: Bool = true) {
    // A response that is sent within the loop below has more input decoded, which the loop does by itself.
    guard !isDecoding else { return }
    isDecoding = true
    let count = input.readableBytes
    var parts = 0
    while input.readableBytes > 0, !handler.machine.input.isIgnored, !handler.machine.holdsInput,
      context.channel.isActive
    {
      if unfinishedBytes == 0 {
        if handler.beginSmallFiles(&input) {
          misses = 0
          continue
        }
        if handler.machine.mayHoldInput, handler.mayRepeat(input) { break }
        if waits, handler.awaitsRest(of: input) { break }
      }
      parts += decodeNext(context)
    }
    // An empty rest would retain the buffer that it is a slice of.
    if input.readableBytes == 0 || handler.machine.input.isIgnored || !context.channel.isActive { input = ByteBuffer() }
    handler.machine.hasInputRoom = input.readableBytes < Self.inputLimit
    isDecoding = false
    handler.beginning.release(isIncomplete: unfinishedBytes > 0)
    countUnfinishedBytes(context)
    buffer.noteParts(parts, of: count)
    handler.bytesDecoded()
  }

  /// Has the decoder read the next bytes of the input.
  /// - Returns: how many parts of requests it made of them.
  private func decodeNext(_ context: ChannelHandlerContext) -> Int {
    let repeatable = handler.machine.isAtRest && unfinishedBytes == 0 ? repeatableRequest() : nil
    let size = min(repeatable?.size ?? sizeForDecoder, input.readableBytes)
    if handler.machine.input.expectsHeaders {
      handler.beginning.note(size, of: input, isFirst: unfinishedBytes == 0)
    }
    guard let chunk = input.readSlice(length: size) else { return 0 }
    (handler.machine.notesAccepted, handler.machine.accepted) = (repeatable?.fields != nil, nil)
    handler.machine.beginDecoding()
    context.fireChannelRead(wrapInboundOut(chunk))
    if let fields = repeatable?.fields, let upload = handler.machine.accepted {
      handler.machine.repeated = (fields, upload)
    }
    unfinishedBytes = handler.machine.input.isInHeaders ? unfinishedBytes + size : 0
    return handler.machine.input.parts
  }

  /// How many bytes the decoder gets at most.
  private var sizeForDecoder: Int {
    if handler.machine.repeated != nil {
      // What follows the request may repeat it.
      if handler.machine.isReceiving, let rest = handler.machine.request.remaining, rest > 0 {
        return Int(clamping: rest)
      }
      if handler.machine.isAtRest, unfinishedBytes > 0,
        let size = input.withUnsafeReadableBytes(RepeatedHeaders.sizeOfRest)
      {
        return size
      }
    }
    return handler.machine.mayReceiveHeaders ? Self.step : .max
  }

  /// Looks for a request at the beginning of the input that repeats another, or that others may repeat if it is accepted.
  /// Of its body a part may have arrived.
  /// - Returns: the length in bytes of the request; and the fields that others may repeat, nil for one that repeats
  ///   another itself. Nil for any other input.
  private func repeatableRequest() -> (fields: RepeatedFields?, size: Int)? {
    let repeated = handler.machine.repeated?.fields
    let found = input.withUnsafeReadableBytes { bytes -> (fields: RepeatedFields?, size: Int)? in
      if let head = repeated?.head(of: bytes), let size = head.smallSize { return (nil, size) }
      guard misses < Self.mostMisses, let fields = RepeatedFields(bytes), let size = fields.head(of: bytes)?.smallSize
      else { return nil }
      return (fields, size)
    }
    handler.machine.repeats = found != nil && found?.fields == nil
    if found?.fields != nil { misses += 1 }
    return found
  }

  func channelInactive(context: ChannelHandlerContext) {
    if handler.machine.restAwaitedUntil != nil {
      // An upload that has begun fails, and is reported.
      while input.readableBytes > 0, !handler.machine.input.isIgnored { _ = decodeNext(context) }
    }
    input = ByteBuffer()
    context.fireChannelInactive()
    stopCounting()
  }

  /// Reports the incomplete headers' size to the server, which may evict this connection's or another's.
  private func countUnfinishedBytes(_ context: ChannelHandlerContext) {
    guard unfinishedBytes > 0, handler.machine.authenticatedClient == nil, context.channel.isActive else {
      return stopCounting()
    }
    if let entry { return unfinishedHeaders.set(unfinishedBytes, of: entry) }
    let eventLoop = context.eventLoop
    let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
    entry = unfinishedHeaders.add(unfinishedBytes) { eventLoop.execute { bound.value.0.evict(bound.value.1) } }
  }

  /// The headers are complete, or the connection is gone.
  private func stopCounting() {
    guard let entry else { return }
    self.entry = nil
    unfinishedHeaders.remove(entry)
  }

  /// Rejects the request: the server has too many bytes of incomplete headers, and these are the oldest.
  private func evict(_ context: ChannelHandlerContext) {
    guard entry != nil else { return }
    entry = nil
    // Nothing can be sent before the response to the request that is being served, and the memory is needed now.
    guard handler.machine.isAtRest else { return context.close(promise: nil) }
    let excess = "Unfinished request headers of all clients exceed \(ByteSize.text(UInt64(UnfinishedHeaders.limit)))."
    let error = UploadError(.headersTooLarge, excess + " Send the headers in one go, and try again later.")
    handler.rejectUnfinishedHeaders(error, lingering: .evicted)
  }
}

/// The channel handler that checks the headers of every decoded request against ``RequestRules``. Headers that break
/// them are not passed on: the ``UploadError`` becomes an error of the channel, with which ``ConnectionHandler``
/// rejects the request. All further input is discarded.
final class RequestRulesHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart

  private let handler: ConnectionHandler

  /// - Parameter handler: the connection's, later in the pipeline. While it ignores its input, all input is discarded
  ///   here.
  init(_ handler: ConnectionHandler) {
    self.handler = handler
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !handler.machine.input.isIgnored else { return }
    guard case .head(let head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
    do {
      context.fireChannelRead(wrapInboundOut(.head(try RequestRules.checked(head))))
    } catch {
      context.fireErrorCaught(error)
    }
  }
}

extension UploadError {
  /// The error with which to reject a request that the decoder or ``RequestRulesHandler`` cannot accept.
  /// - Parameters:
  ///   - error: an error of the channel.
  ///   - beginning: of the request.
  /// - Returns: code `incomplete` when the input ended within a request, `addressTooLong` or `headersTooLarge` for headers
  ///   over a limit, `badRequest` for other errors of the decoder; an ``UploadError`` unchanged; nil for all other errors,
  ///   such as a broken connection.
  static func unreadable(_ error: any Error, _ beginning: RequestBeginning = RequestBeginning()) -> UploadError? {
    guard let error = error as? HTTPParserError else { return error as? UploadError }
    switch error {
    case .invalidEOFState, .closedConnection: return .incompleteBody(error)
    case .headerOverflow where beginning.hasLongLine:
      return UploadError(
        .addressTooLong,
        "The address is too long: the limit is 16 KiB. Send a shorter one.",
        cause: error
      )
    case .headerOverflow:
      let limits = "16 KiB for each field, 64 KiB and 128 fields in total"
      let message = "The request headers are too large. Limits: \(limits). Send fewer or shorter ones."
      return UploadError(.headersTooLarge, message, cause: error)
    default: return UploadError(.badRequest, "Malformed HTTP request: \(defect(error)).", cause: error)
    }
  }

  /// What is wrong with a request, as its client is told. Not the decoder's own texts: some are names of its internals.
  private static func defect(_ error: HTTPParserError) -> String {
    switch error {
    case .invalidVersion: "its version is not supported, send HTTP/1.1"
    case .invalidMethod: "its method is invalid"
    case .invalidURL: "its address is invalid"
    case .lfExpected: "its headers have a CR or LF by itself"
    case .invalidHeaderToken: "a header field has an invalid character"
    case .invalidContentLength: "its Content-Length is invalid"
    case .unexpectedContentLength: "Content-Length and Transfer-Encoding exclude each other"
    case .invalidChunkSize: "the size of a chunk is invalid"
    default: "it breaks the syntax of HTTP/1.1"
    }
  }
}
