import HTTPTypes
import NIOCore
import UploadCore
import UploadStorage

/// The channel handler of a raw listener's connection: its bytes until FIN become one file, and the response is one
/// line of JSON. Reports events to ``RawConnectionStateMachine`` and carries out its actions. Loop-bound.
final class RawUploadHandler: ChannelDuplexHandler, UploadSessionDelegate {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  let session: UploadSession
  private var machine: RawConnectionStateMachine

  /// - Parameter buffer: into which the channel reads; nil where there is no socket.
  init(server: ServerContext, eventLoop: any EventLoop, buffer: ReceiveBuffer?) {
    session = UploadSession(server: server, eventLoop: eventLoop, buffer: buffer)
    machine = RawConnectionStateMachine(idleDeadline: eventLoop.now + server.limits.idleTime)
    session.delegate = self
  }

  func handlerAdded(context: ChannelHandlerContext) {
    session.start(on: context)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    session.stop()
  }

  func channelInactive(context: ChannelHandlerContext) {
    session.disconnect(machine.isReceiving ? .clientGone() : nil)
    context.fireChannelInactive()
  }

  // MARK: Input

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    guard let isFirst = machine.receive() else { return session.lingering?.received(bytes.readableBytes) ?? () }
    if isFirst { begin() }
    session.receive(bytes)
  }

  private func begin() {
    let client = session.peer
    if let error = session.server.admission.rejection(of: nil) { return reject(error) }
    let error = session.begin(of: client, size: nil) { SingleUpload(mode: .raw, remote: client.text, delegate: $0) }
    if let error { reject(error) }
  }

  func read(context: ChannelHandlerContext) {
    if machine.reads(hasRoom: session.hasRoom) { context.read() }
  }

  func resumeReading() {
    if machine.resumesReading(hasRoom: session.hasRoom) { session.context?.read() }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is ChannelShouldQuiesceEvent: perform(machine.stop())
    case let event as ChannelEvent where event == .inputClosed: perform(machine.closeInput())
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  private func perform(_ action: RawConnectionStateMachine.EndAction) {
    switch action {
    case .ignore: break
    case .startGrace: session.startGrace()
    case .endBody: session.endBody(trailers: nil)
    case .reject: reject(UploadError(.incomplete, "No data received, so no file was stored."))
    case .close: session.context?.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if machine.isReceiving { session.body?.fail(.clientGone(error)) }
    context.close(promise: nil)
  }

  // MARK: The response

  func sessionEnded(_ outcome: BodyOutcome, hadUploads: Bool) {
    switch outcome {
    case .stored(let files, _, _): respond(.stored(files, status: .created))
    case .failed(let error): respond(ServerResponse(failure: error))
    case .response(let response, _): respond(response)
    case .replaced: session.context?.close(promise: nil)
    }
  }

  /// Does nothing: raw connections have one response alone.
  func sendInterim(_ response: HTTPResponse) {}

  private func reject(_ error: UploadError) {
    session.server.noteRejection(CurrentRequest(client: session.peer), error.code.status, error.message)
    respond(ServerResponse(failure: error))
  }

  /// Sends the response and closes: at once when the client has closed its side, otherwise after a lingering close.
  private func respond(_ response: ServerResponse) {
    let next = machine.respond()
    guard let context = session.context, next != .ignore else { return }
    session.setTimer()
    let sent = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(response.body), promise: sent)
    switch next {
    case .ignore: break
    case .closeWhenSent: sent.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    // FIN is the end of the body, and closes the connection.
    case .linger: session.linger(.body, of: session.peer, isStopping: machine.isStopping)
    }
    resumeReading()
  }

  // MARK: Time

  var deadline: NIODeadline? { machine.deadline(paceDeadline: session.paceDeadline) }

  func sessionTimerFired() {
    if machine.isIdle(at: session.now) { return session.context?.close(promise: nil) ?? () }
    if machine.isReceiving { session.checkPace() }
    session.setTimer()
  }

  func sessionGraceEnded() {}
}

/// The state of a raw connection: a pure state machine. The caller passes the event loop's time.
///
/// FIN is the only end of a raw upload, so a transfer that was interrupted with a FIN looks complete; only a reset
/// shows the interruption. A connection without any byte stores nothing.
struct RawConnectionStateMachine {
  /// What the handler does when the client closes its sending side or the server stops.
  enum EndAction: Equatable {
    case ignore
    /// Store the upload: its body is complete.
    case endBody
    /// Begin the grace period of the running upload.
    case startGrace
    /// Reject the connection: no byte arrived.
    case reject
    case close
  }

  /// What the handler does with a response, and after it; `ignore` when one has been sent: send nothing.
  enum NextStep: Equatable {
    case ignore
    /// Send it, and close once it is sent: the client has closed its sending side.
    case closeWhenSent
    /// Send it, then read and discard further input, so that the response reaches the client.
    case linger
  }

  private enum Phase {
    /// The upload's bytes arrive, or the first of them is awaited.
    /// - Parameter hasBegun: whether a byte has arrived.
    case receiving(hasBegun: Bool)
    case storing, responded
  }

  /// When to close a connection without a byte.
  private let idleDeadline: NIODeadline
  private var phase = Phase.receiving(hasBegun: false)
  private var demand = ReadDemand()
  private(set) var isStopping = false

  /// - Parameter idleDeadline: when to close a connection on which no byte has arrived.
  init(idleDeadline: NIODeadline) {
    self.idleDeadline = idleDeadline
  }

  var isReceiving: Bool { if case .receiving = phase { true } else { false } }

  /// Call it when bytes arrive.
  /// - Returns: whether they are the first of the upload; nil when they must be discarded.
  mutating func receive() -> Bool? {
    guard case .receiving(let hasBegun) = phase else { return nil }
    phase = .receiving(hasBegun: true)
    return !hasBegun
  }

  /// Call it when a handler asks to read from the socket.
  /// - Parameter hasRoom: whether the upload has room for more bytes.
  /// - Returns: whether to read now; otherwise the read is pending until ``resumesReading(hasRoom:)``.
  mutating func reads(hasRoom: Bool) -> Bool {
    demand.request(isAllowed: !isReceiving || hasRoom)
  }

  /// Call it when a condition that reads depend on may have changed.
  /// - Parameter hasRoom: whether the upload has room for more bytes.
  /// - Returns: whether to perform a pending read now.
  mutating func resumesReading(hasRoom: Bool) -> Bool {
    demand.resume(isAllowed: !isReceiving || hasRoom)
  }

  /// Call it when the client has closed its sending side (FIN).
  mutating func closeInput() -> EndAction {
    switch phase {
    case .receiving(let hasBegun):
      phase = .storing
      return hasBegun ? .endBody : .reject
    case .storing: return .ignore
    case .responded: return .close
    }
  }

  /// Call it when a response is about to be sent.
  mutating func respond() -> NextStep {
    defer { phase = .responded }
    switch phase {
    case .receiving: return .linger
    case .storing: return .closeWhenSent
    case .responded: return .ignore
    }
  }

  /// Call it when the server begins to stop. Later calls do nothing and return `ignore`.
  mutating func stop() -> EndAction {
    guard !isStopping else { return .ignore }
    isStopping = true
    switch phase {
    case .receiving(let hasBegun): return hasBegun ? .startGrace : .close
    case .storing: return .startGrace
    case .responded: return .close
    }
  }

  /// When the timer must fire next; nil once the body no longer arrives, since no limit of this machine applies then.
  /// - Parameter paceDeadline: when to check the pace of the running upload; nil when there is none.
  func deadline(paceDeadline: NIODeadline?) -> NIODeadline? {
    isReceiving ? paceDeadline ?? idleDeadline : nil
  }

  /// Whether to close the connection, because no byte has arrived by the idle deadline.
  func isIdle(at now: NIODeadline) -> Bool {
    guard case .receiving(hasBegun: false) = phase else { return false }
    return now >= idleDeadline
  }
}
