import HTTPExchange
import NIOCore
import UploadCore

/// Shows observers how far the exchange of one attempt is and what it waits for, and limits its rate.
final class UploadMonitor: ExchangeMonitor {
  private let attempt: UploadAttempt
  private let isNew: Bool
  /// Tells what the upload waits for; nil for a request without content.
  private var link: LinkMonitor?
  /// When the limit on all uploads together permits the next chunk.
  private var limitEnd = NIODeadline.uptimeNanoseconds(0)
  /// Offset in the content from which on bytes count for the limits that the user sets.
  private var countedFrom: UInt64 = 0

  /// - Parameter isNew: whether the connection has served no exchange before.
  init(_ attempt: UploadAttempt, isNew: Bool) { (self.attempt, self.isNew) = (attempt, isNew) }

  private var meter: UploadMeter { attempt.meter }

  var chunkLimit: Int? { meter.limitedChunk }
  var deadline: NIODeadline? { link?.deadline }

  func begins(_ context: ChannelHandlerContext, onLimitChange: @escaping @Sendable () -> Void) {
    attempt.resources.loads.add(1, on: context.eventLoop)
    if attempt.part != .nothing { link = attempt.linkMonitor(isNew: isNew, at: context.eventLoop.now) }
    meter.onLimitChange(onLimitChange)
    meter.setNetworkBytes(attempt.networkBytes)
  }

  /// A resumable upload may send bytes again that were sent before an interruption: the server had not received them, although
  /// the socket had accepted them. The meter continues to show the furthest position until the exchange has passed it, so
  /// that what it shows never shrinks, and nothing counts twice.
  func progressed(_ exchange: borrowing ExchangeStateMachine) {
    let body = exchange.body
    let (sent, shown) = (body.position, meter.received)
    if sent > shown { meter.addReceived(Int(clamping: sent - shown)) }
    guard let phase = exchange.phase.map(attempt.part.uploadPhase) else { return }
    let isSilent = link?.isSilent == true && (phase == .peer || phase == .response)
    let current = isSilent ? .network : phase
    // Before it is known that the socket has accepted the first byte it is written already.
    let isFirst = current == .waiting && attempt.part != .nothing && body.hasBegun
    meter.set(current, countedAs: isFirst ? .peer : current)
  }

  func pause(after body: BodyStateMachine, at now: NIODeadline) -> TimeAmount {
    let size = body.currentChunkSize
    let pause = attempt.resources.limiter?.take(size, at: now.uptimeNanoseconds) ?? 0
    limitEnd = now + .nanoseconds(Int64(clamping: pause))
    // What was accepted before a limit was set does not count for it.
    let counted = min(UInt64(size), body.reach - min(countedFrom, body.reach))
    let userPause = meter.takeOfLimit(Int(clamping: counted), at: now.uptimeNanoseconds)
    return .nanoseconds(Int64(clamping: max(pause, userPause)))
  }

  func limitChanged(_ body: BodyStateMachine, at now: NIODeadline) -> TimeAmount {
    countedFrom = body.position
    let wait = TimeAmount.nanoseconds(Int64(clamping: meter.limitWait(at: now.uptimeNanoseconds)))
    return max(wait, limitEnd - now, .zero)
  }

  func observe(_ body: BodyStateMachine, _ context: ChannelHandlerContext) {
    link?.note(isSent: body.isSent, at: context.eventLoop.now, context)
  }

  func connectionEnds(_ body: BodyStateMachine, _ context: ChannelHandlerContext) {
    link?.end(isSent: body.isSent, at: context.eventLoop.now, context)
  }

  func ended(_ context: ChannelHandlerContext) {
    attempt.resources.loads.add(-1, on: context.eventLoop)
    // Would retain the handler.
    meter.onLimitChange {}
  }
}
