import CLinux
import HTTPTypes
import NIOCore
import NIOPosix
import UploadCore
import UploadStorage

/// The channel handler that owns a ``DownloadSession``. Called on the event loop.
protocol DownloadSessionDelegate: AnyObject {
  /// The path is that of no file: Hummingbird has to serve the request.
  func downloadIsNoFile(_ request: DownloadRequest)
  /// Send this response instead of a file.
  func downloadResponds(_ response: ServerResponse)
  /// The file cannot be sent: respond with the error.
  func downloadFails(_ error: UploadError)
  /// The header fields that depend on the connection, for the response that is about to be sent.
  func fieldsOfDownload() -> HTTPFields
  /// The end of the response was accepted by the socket.
  func downloadFinished()
}

/// The downloads of one connection, one after the other: opens the file on a thread of the store, and sends it as
/// ``DownloadStateMachine`` decides. Loop-bound: call it on the connection's event loop.
///
/// On a plain connection the body goes out by `sendfile`. SwiftNIO calls that on the event loop, where it would block
/// every connection of the loop while pages are read from the disk, which is the usual case: large uploads bypass the page
/// cache. So a part is written only when its pages are in the page cache: `cachestat` tells that at once, and where they
/// are not, a thread of the store reads them. Over TLS, and where `sendfile` is not supported, the thread reads a part
/// into a buffer.
final class DownloadSession {
  private static let observationInterval = TimeAmount.seconds(1)

  private let server: ServerContext
  /// The context of a handler between the socket (or TLS) and the HTTP encoder, which a file's bytes must not pass.
  private let output: ChannelHandlerContext
  private weak var delegate: (any DownloadSessionDelegate)?
  private var machine = DownloadStateMachine()
  private var transfer: DownloadTransfer?
  private var timer: Scheduled<Void>?

  /// - Parameters:
  ///   - output: of a handler before the HTTP encoder.
  init(server: ServerContext, output: ChannelHandlerContext, delegate: any DownloadSessionDelegate) {
    (self.server, self.output, self.delegate) = (server, output, delegate)
  }

  private var eventLoop: any EventLoop { output.eventLoop }

  /// Begins to serve a request. Exactly one call of the delegate follows, unless ``close()`` comes first or the
  /// connection is closed.
  /// - Parameter remote: the client, for observers.
  func serve(_ request: DownloadRequest, from remote: String) {
    machine.open()
    let opening = server.store.open(request.path, on: eventLoop) { file in
      try DownloadContent.open(file, for: request)
    }
    opening.assumeIsolated().whenComplete { self.opened($0, request, remote) }
  }

  private func opened(
    _ result: Result<DownloadContent.Result?, any Error>,
    _ request: DownloadRequest,
    _ remote: String
  ) {
    guard machine.opened(), let delegate else { return }
    switch result {
    case .success(nil): delegate.downloadIsNoFile(request)
    case .success(.response(let response)): delegate.downloadResponds(response)
    case .success(.content(let content)): send(content, of: request, to: remote, fields: delegate.fieldsOfDownload())
    case .failure(let error): delegate.downloadFails(.wrapping(error))
    }
  }

  /// Whether the body is sent by `sendfile`; not over TLS, which needs the bytes in this process.
  private var usesSendfile: Bool { server.scheme == "http" }

  private func send(_ content: DownloadContent, of request: DownloadRequest, to remote: String, fields: HTTPFields) {
    var head = content.head
    for field in fields { head.writeField(field.name, field.value) }
    head.writeStaticString("\r\n")
    let meter = request.isHead ? nil : DownloadMeter(name: request.path, remote: remote, size: content.length)
    if let meter { server.ledger.begin(meter) }
    transfer = DownloadTransfer(head: head, content: content, meter: meter)
    let transport: DownloadPartSizes.Transport? =
      switch content.source {
      case .none, .bytes: nil
      case .file: usesSendfile ? .sendfile : .buffers
      case .stream: .stream
      }
    if transport != nil { startTimer() }
    perform(machine.begin(length: request.isHead ? 0 : content.length, by: transport, at: eventLoop.now))
  }

  private func perform(_ step: DownloadStateMachine.Step) {
    if let part = step.write { write(part) }
    if let part = step.prepare { prepare(part) }
    if let end = step.end { self.end(end) }
  }

  // MARK: Preparing

  private func prepare(_ part: Range<UInt64>) {
    guard let transfer else { return }
    switch (transfer.source, machine.transport) {
    case (.file(let region), .sendfile?): load(region.part(part))
    case (.file(let region), _): read(region.part(part), for: transfer)
    case (.stream, _): readStream(of: transfer)
    case (.none, _), (.bytes, _): break
    }
  }

  /// Makes sure that the pages of a part are in the page cache.
  private func load(_ part: LocalFileRegion) {
    if part.isLoaded { return perform(machine.prepared(part.length, at: eventLoop.now)) }
    part.reading(on: eventLoop) { $0.load() }.assumeIsolated().whenComplete { result in
      switch result {
      case .success(nil): self.perform(self.machine.cannotUseSendfile())
      case .success(let count?): self.perform(self.machine.prepared(count, at: self.eventLoop.now))
      case .failure: self.perform(self.machine.prepared(nil, at: self.eventLoop.now))
      }
    }
  }

  private func read(_ part: LocalFileRegion, for transfer: DownloadTransfer) {
    if machine.wantsLargeBuffers, transfer.growBuffers(in: server.budget) { machine.growBuffers() }
    part.reading(on: eventLoop) { try DownloadContent.read($0) }.assumeIsolated().whenComplete { result in
      self.received(try? result.get(), for: transfer)
    }
  }

  private func readStream(of transfer: DownloadTransfer) {
    transfer.nextOfStream(on: eventLoop).assumeIsolated().whenComplete { result in
      self.received(try? result.get(), for: transfer)
    }
  }

  /// - Parameter bytes: nil when they cannot be read, or at the end of a stream.
  private func received(_ bytes: ByteBuffer?, for transfer: DownloadTransfer) {
    // The connection may have been closed meanwhile.
    guard self.transfer === transfer else { return }
    transfer.ready = bytes
    perform(machine.prepared(bytes.map { UInt64($0.readableBytes) }, at: eventLoop.now))
  }

  // MARK: Writing

  private func write(_ part: Range<UInt64>) {
    guard let transfer else { return }
    let head = transfer.takeHead()
    let body = transfer.takeBody(part, bySendfile: machine.transport == .sendfile)
    let written = eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { result in
      guard self.transfer === transfer else { return }
      switch result {
      case .success: self.written(part, of: transfer)
      case .failure: self.close()
      }
    }
    // The headers of a small file go out with it in one system call.
    if let head { output.write(NIOAny(IOData.byteBuffer(head)), promise: body == nil ? written : nil) }
    if let body { output.write(NIOAny(body), promise: written) }
    output.flush()
  }

  private func written(_ part: Range<UInt64>, of transfer: DownloadTransfer) {
    transfer.meter?.setSent(part.upperBound)
    guard part.upperBound < transfer.length else { return perform(machine.written(at: eventLoop.now)) }
    // A fast client takes each part at once: other connections have their turn before the next, and calls do not nest.
    eventLoop.assumeIsolated().execute {
      guard self.transfer === transfer else { return }
      self.perform(self.machine.written(at: self.eventLoop.now))
    }
  }

  // MARK: Observing

  private func startTimer() {
    timer = eventLoop.assumeIsolated().scheduleTask(in: Self.observationInterval) { self.observe() }
  }

  /// Reports progress within a part, and notices a file that was truncated while `sendfile` sends it.
  private func observe() {
    guard let transfer else { return }
    startTimer()
    guard let queued = try? output.channel.syncOptions?.getOption(.bufferedWritableBytes) else { return }
    let suspect = machine.observed(queued: UInt64(max(0, queued)), hasRoom: SocketState.isSent(output))
    transfer.meter?.setSent(machine.sent)
    guard let part = suspect, case .file(let region) = transfer.source else { return }
    let end = region.offset + part.upperBound
    region.reading(on: eventLoop) { $0.fileSize }.assumeIsolated().whenComplete { result in
      guard self.transfer === transfer, let size = try? result.get(), size < end else { return }
      self.close()
    }
  }

  // MARK: Ends

  private func end(_ end: DownloadStateMachine.End) {
    guard let transfer else { return }
    timer?.cancel()
    (self.transfer, timer) = (nil, nil)
    transfer.release(server.budget)
    if let meter = transfer.meter {
      server.ledger.end(meter, end == .finished ? .finished : .aborted)
    }
    switch end {
    case .finished: delegate?.downloadFinished()
    case .aborted: output.close(promise: nil)
    }
  }

  /// Ends the running download, and closes the connection if a response has begun. Call it when the connection is gone, and
  /// when the time for downloads of a server that stops is over.
  func close() {
    perform(machine.close())
  }
}

/// What the kernel knows of a connection's socket.
enum SocketState {
  /// How much of what was written has been acknowledged, and how much is still in the socket's buffer.
  /// - Parameter context: of any handler of the connection, on its event loop.
  /// - Returns: nil when the channel has no TCP socket.
  static func sent(_ context: ChannelHandlerContext) -> clinux_sent? {
    var sent = clinux_sent()
    let result = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
      clinux_read_sent($0, &sent)
    }
    return result == 0 ? sent : nil
  }

  /// Whether the client's system has acknowledged all bytes that the socket has accepted; true when that is not known.
  static func isSent(_ context: ChannelHandlerContext) -> Bool { sent(context).map { $0.held == 0 } ?? true }
}
