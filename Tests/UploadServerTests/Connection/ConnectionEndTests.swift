import Testing

@testable import UploadServer

@Suite struct ConnectionEndTests {
  private static let forwarding = RequestPhase.forwarding(requestEnded: true, responded: false)

  @Test(arguments: [
    (RequestPhase.idle, ConnectionEnd.Action.forward), (forwarding, .forward), (.receiving, .hold), (.storing, .hold),
    (.skipping, .hold), (.lingering, .close),
  ])
  func `A shutdown acts once, and as the phase allows`(phase: RequestPhase, action: ConnectionEnd.Action) {
    var end = ConnectionEnd()
    #expect(!end.isStopping)
    #expect(end.stop(in: phase) == action)
    #expect(end.isStopping)
    #expect(end.stop(in: phase) == .ignore)
    let isHeld = action == .hold
    #expect(end.takeHeldEvents() == (isHeld, false))
    #expect(end.takeHeldEvents() == (false, false))
  }

  @Test(arguments: [
    (RequestPhase.idle, false, ConnectionEnd.Action.hold), (.idle, true, .forward), (forwarding, false, .hold),
    (.receiving, false, .failUpload), (.storing, false, .hold), (.skipping, false, .hold), (.lingering, false, .close),
  ])
  func `The end of the input acts as the phase allows`(
    phase: RequestPhase,
    isAtRest: Bool,
    action: ConnectionEnd.Action
  ) {
    var end = ConnectionEnd()
    #expect(end.closeInput(in: phase, isAtRest: isAtRest) == action)
    #expect(end.inputIsClosed)
    let isHeld = action == .hold
    #expect(end.takeHeldEvents() == (false, isHeld))
  }

  @Test func `A close waits only while the server stops and responses are unsent`() {
    var end = ConnectionEnd()
    end.responseWritten()
    #expect(end.hasUnsentResponses)
    #expect(end.holdsClose() == false, "the server does not stop")
    #expect(end.stop(in: Self.forwarding) == .forward)
    #expect(end.holdsClose() == true)
    end.responseWritten()
    #expect(end.responseSent() == false, "another one is unsent")
    #expect(end.responseSent() == true)
    #expect(!end.hasUnsentResponses)
    #expect(end.holdsClose() == false, "everything is sent")
  }

  @Test func `Without a close that waits, nothing is due`() {
    var end = ConnectionEnd()
    end.responseWritten()
    #expect(end.responseSent() == false)
    #expect(end.stop(in: .idle) == .forward)
    #expect(end.endGrace() == false)
  }

  @Test func `The end of the grace period releases the close, and none waits any more`() {
    var end = ConnectionEnd()
    end.responseWritten()
    #expect(end.stop(in: Self.forwarding) == .forward)
    #expect(end.holdsClose() == true)
    #expect(end.endGrace() == true)
    #expect(end.isStopping)
    #expect(end.holdsClose() == false)
    #expect(end.responseSent() == false)
  }
}
