import NIOCore
import Testing
import UploadCore

@testable import HTTPExchange

/// The body of a success is passed on as it arrives.
@Suite struct ExchangeStreamingTests: ExchangeMachineTesting {
  private static let start = NIODeadline.uptimeNanoseconds(1)

  /// A machine without a body to send that waits for its response.
  private func streaming(change: (inout ExchangeStateMachine.Plan) -> Void = { _ in }) -> ExchangeStateMachine {
    var machine = machine(Self.nothing) { plan in
      plan.passesResponseBody = true
      change(&plan)
    }
    #expect(machine.sentHead() == .none && machine.body.isSent)
    return machine
  }

  private func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

  private func head(_ status: Int) -> ExchangeResponse { ExchangeResponse(status: status, keepsConnection: true) }

  @Test func `a streamed body is passed on one buffer after the other, of any length`() {
    var machine = streaming()
    #expect(machine.responded(head(206), at: Self.start) == .none)
    #expect(machine.readRequested() && !machine.takePendingRead())
    #expect(machine.responseContinued("1234567890") == .pass(bytes("1234567890")))
    #expect(!machine.readRequested() && machine.deadline == nil)
    #expect(machine.responseContinued("b") == .none)
    #expect(machine.passedOn(at: Self.start) == .pass(bytes("b")))
    #expect(machine.responseEnded() == .none)
    #expect(machine.phase == .response && !machine.takePendingRead())
    #expect(machine.passedOn(at: Self.start) == .keep(head(206)))
    #expect(machine.takePendingRead() && !machine.takePendingRead())
    #expect(machine.passedOn(at: Self.start) == .none)
  }

  @Test func `reads go on between two buffers, and the idle timeout counts only then`() {
    var machine = streaming()
    _ = machine.responded(head(200), at: Self.start)
    _ = machine.responseContinued("a")
    #expect(!machine.readRequested() && machine.timerFired(at: Self.start + .hours(1)) == .none)
    #expect(machine.passedOn(at: Self.start + .hours(1)) == .none)
    #expect(machine.takePendingRead() && machine.deadline == Self.start + .hours(1) + .seconds(60))
    #expect(machine.timerFired(at: Self.start + .hours(1) + .seconds(60)) == .close(resets: false))
    #expect(machine.disconnected() == .report(.failure(.responseTimedOut)))
  }

  @Test func `the body of a failure is kept, not streamed`() {
    var machine = streaming()
    _ = machine.responded(head(404), at: Self.start)
    #expect(machine.responseContinued("no") == .none)
    guard case .keep(let response) = machine.responseEnded() else { return #expect(Bool(false)) }
    #expect(response.status == 404 && response.body == Array("no".utf8))
  }

  @Test func `a lost connection is reported when everything before was passed on`() {
    var machine = streaming()
    _ = machine.responded(head(200), at: Self.start)
    _ = machine.responseContinued("a")
    _ = machine.responseContinued("b")
    #expect(machine.readRequested() == false)
    #expect(machine.disconnected() == .none && machine.removed() == .none)
    #expect(machine.deadline == nil && !machine.takePendingRead())
    #expect(machine.passedOn(at: Self.start) == .pass(bytes("b")))
    #expect(machine.passedOn(at: Self.start) == .report(.failure(.responseInterrupted(status: 200))))
    #expect(machine.isOver && !machine.takePendingRead())
  }

  @Test func `a connection that is closed behind the last byte is no failure`() {
    var machine = streaming()
    _ = machine.responded(head(200), at: Self.start)
    _ = machine.responseContinued("a")
    _ = machine.responseEnded()
    #expect(machine.disconnected() == .none)
    #expect(machine.passedOn(at: Self.start) == .report(response(200)))
  }

  @Test func `a cancellation does not wait for the receiver`() {
    var machine = streaming()
    _ = machine.responded(head(200), at: Self.start)
    _ = machine.responseContinued("a")
    _ = machine.responseContinued("b")
    var lost = machine
    let action = machine.cancelled()
    expectEnd(action, &machine, resets: false, failure: .cancelled)
    #expect(machine.passedOn(at: Self.start) == .none && machine.receiverFailed() == .none)
    #expect(lost.disconnected() == .none)
    #expect(lost.cancelled() == .report(.failure(.cancelled)))
    #expect(lost.passedOn(at: Self.start) == .none)
  }

  @Test func `a receiver that fails, or needs no more, ends the exchange`() {
    var machine = streaming()
    _ = machine.responded(head(200), at: Self.start)
    _ = machine.responseContinued("a")
    _ = machine.responseContinued("b")
    var enough = machine
    let action = machine.receiverFailed()
    expectEnd(action, &machine, resets: false, failure: .receiverFailed)
    let end = enough.responseNotNeeded(at: Self.start)
    expectEnd(end, &enough, resets: false, status: 200, .truncated)
  }

  @Test func `headers of something else than what was asked for end the exchange`() {
    var machine = streaming()
    let action = machine.responseUnexpected()
    expectEnd(action, &machine, resets: false, failure: .unexpectedResponse)
  }

  @Test func `a connection that is not kept is always reset where the plan says so`() {
    for status in [200, 500] {
      var machine = streaming { $0.alwaysResets = true }
      _ = machine.responded(status)
      let action = machine.responseEnded()
      expectEnd(action, &machine, resets: true, status: status)
    }
  }

  @Test func `a body that was received in many parts is kept up to its limit`() {
    var machine = machine(Self.nothing)
    _ = machine.sentHead()
    _ = machine.responded(head(200), at: Self.start)
    for _ in 0..<Self.bodyLimit { #expect(machine.responseContinued("x") == .none) }
    let action = machine.responseContinued("y")
    #expect(action == .close(resets: false))
    guard case .report(.response(let response)) = machine.disconnected() else { return #expect(Bool(false)) }
    #expect(response.body == Array("xxxxxxxx".utf8) && response.extent == .truncated)
  }
}
