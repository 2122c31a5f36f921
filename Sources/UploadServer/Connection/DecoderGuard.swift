import NIOCore
import NIOHTTP1
import UploadCore

/// The channel handler before the HTTP decoder, because the decoder retains the bytes of incomplete headers and of all
/// input after the last request. Reports bytes to the ``ConnectionHandler`` for the time limit of headers, counts
/// incomplete headers in ``UnfinishedHeaders`` until the client has presented a token, and discards ignored input.
///
/// Bytes of which the decoder made no part of a request count as incomplete headers, except within a body. To notice
/// headers that follow a part in the same read, the decoder gets at most 4 KiB at a time, while
/// ``ConnectionStateMachine/mayReceiveHeaders`` is true.
final class DecoderGuard: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// In bytes.
  private static let step = 4 * 1024

  private let handler: ConnectionHandler
  private let buffer: ReceiveBuffer
  private let unfinishedHeaders: UnfinishedHeaders
  /// Bytes of incomplete headers in the decoder.
  private var unfinishedBytes = 0
  /// The entry that counts them; nil while they are not counted.
  private var entry: UnfinishedHeaders.Entry?

  init(_ handler: ConnectionHandler, _ buffer: ReceiveBuffer, _ unfinishedHeaders: UnfinishedHeaders) {
    self.handler = handler
    self.buffer = buffer
    self.unfinishedHeaders = unfinishedHeaders
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    let count = bytes.readableBytes
    handler.bytesArrived(count)
    guard !handler.machine.input.isIgnored else { return }
    // Malformed ones have no other form.
    handler.undecoded = bytes
    defer { handler.undecoded = nil }
    var parts = 0
    while !handler.machine.input.isIgnored, context.channel.isActive {
      let size = handler.machine.mayReceiveHeaders ? min(Self.step, bytes.readableBytes) : bytes.readableBytes
      guard size > 0, let chunk = bytes.readSlice(length: size) else { break }
      handler.machine.input.beginDecoding()
      context.fireChannelRead(wrapInboundOut(chunk))
      parts += handler.machine.input.parts
      unfinishedBytes = handler.machine.input.isInHeaders ? unfinishedBytes + size : 0
    }
    countUnfinishedBytes(context)
    buffer.noteParts(parts, of: count)
    handler.bytesDecoded()
  }

  func channelInactive(context: ChannelHandlerContext) {
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
  /// - Parameter error: an error of the channel.
  /// - Returns: code `incomplete` when the input ended within a request, `badRequest` for other errors of the decoder;
  ///   an ``UploadError`` unchanged; nil for all other errors, such as a broken connection.
  static func unreadable(_ error: any Error) -> UploadError? {
    guard let error = error as? HTTPParserError else { return error as? UploadError }
    switch error {
    case .invalidEOFState, .closedConnection: return .incompleteBody(error)
    case .headerOverflow:
      let limits = "16 KiB for the address and for each field, 64 KiB and 128 fields in total"
      return UploadError(.badRequest, "The request headers are too long. Limits: \(limits).", cause: error)
    default: return UploadError(.badRequest, "Malformed HTTP request (\(error)).", cause: error)
    }
  }
}
