import NIOCore
import Testing
import UploadCore

@testable import HTTPExchange

@Suite struct ExchangeStateMachineTests: ExchangeMachineTesting {
  @Test func `a success is reported after a last check of the source`() {
    var machine = sentMachine(Self.file)
    #expect(machine.responded(201) == .none)
    #expect(machine.responseContinued("x") == .none)
    #expect(machine.responseEnded() == .body(.check))
    #expect(machine.disconnected() == .none)
    #expect(machine.checked() == .report(.response(ExchangeResponse(status: 201, reason: "", body: [0x78]))))
    #expect(machine.disconnected() == .none)
  }

  @Test func `a connection that is open after the last check is closed before the success is reported`() {
    var machine = sentMachine(Self.file)
    #expect(machine.responded(201) == .none)
    #expect(machine.responseEnded() == .body(.check))
    let action = machine.checked()
    expectEnd(action, &machine, resets: false, status: 201)
  }

  /// A machine whose whole body is sent, and that has the headers of a response after which the server keeps the connection.
  private func keepingMachine(_ body: BodyStateMachine.Plan) -> (ExchangeStateMachine, ExchangeResponse) {
    var machine = sentMachine(body)
    let response = ExchangeResponse(status: 201, reason: "", keepsConnection: true)
    #expect(machine.responded(response, at: .uptimeNanoseconds(1)) == .none)
    return (machine, response)
  }

  @Test func `a connection that the server keeps is kept when both halves are complete`() {
    var (machine, response) = keepingMachine(Self.memory)
    #expect(machine.responseEnded() == .keep(response))
    #expect(machine.isOver && machine.disconnected() == .none && machine.removed() == .none)
    var (checked, _) = keepingMachine(Self.file)
    #expect(checked.responseEnded() == .body(.check))
    #expect(checked.checked() == .keep(response))
  }

  @Test func `a connection is closed after a response that is too long, or with bytes behind it`() {
    var (long, _) = keepingMachine(Self.memory)
    let text = String(repeating: "a", count: Self.bodyLimit + 1)
    #expect(long.responseContinued(text) == .close(resets: false))
    guard case .report(.response(let cut)) = long.disconnected() else { return #expect(Bool(false)) }
    #expect(cut.extent == .truncated && cut.body.count == Self.bodyLimit && !cut.keepsConnection)
    var (extra, response) = keepingMachine(Self.file)
    #expect(extra.responseEnded() == .body(.check))
    #expect(extra.responseMalformed() == .none)
    #expect(extra.checked() == .close(resets: false))
    #expect(extra.disconnected() == .report(.response(response.closing())))
  }

  @Test func `a connection is closed after a rejection of a body that was not sent`() {
    var machine = machine(Self.file)
    #expect(machine.sentHead() == .body(.write(0..<10)))
    let rejection = ExchangeResponse(status: 413, reason: "", keepsConnection: true)
    #expect(machine.responded(rejection, at: .uptimeNanoseconds(1)) == .none)
    #expect(machine.responseEnded() == .close(resets: true))
  }

  @Test func `a server ignores the expectation when it sends no 100 Continue in time nor later`() {
    func machine() -> ExchangeStateMachine {
      var machine = self.machine(Self.file, asks: true)
      #expect(machine.sentHead() == .none)
      #expect(machine.timerFired(at: .uptimeNanoseconds(2_000_000_000)) == .body(.write(0..<10)))
      return machine
    }
    var late = machine()
    #expect(late.ignoresExpectation)
    #expect(late.responded(100) == .none)
    #expect(!late.ignoresExpectation)
    var prompt = self.machine(Self.file, asks: true)
    #expect(prompt.sentHead() == .none && prompt.responded(100) == .body(.write(0..<10)))
    #expect(!prompt.ignoresExpectation)
  }

  @Test(arguments: [302, 303]) func `a redirect after a whole form is checked like a success`(status: Int) {
    var machine = sentMachine(Self.file, acceptsSeeOther: true)
    #expect(machine.responded(status) == .none)
    #expect(machine.responseEnded() == .body(.check))
    let action = machine.checked()
    expectEnd(action, &machine, resets: false, status: status)
  }

  @Test func `redirects end the exchange without a check: 301, 307 and 308 always, 302 and 303 without a form`() {
    for (status, acceptsSeeOther) in [(301, true), (307, true), (308, true), (302, false), (303, false)] {
      var machine = sentMachine(Self.file, acceptsSeeOther: acceptsSeeOther)
      #expect(machine.responded(status) == .none)
      let action = machine.responseEnded()
      expectEnd(action, &machine, resets: false, status: status)
    }
  }

  @Test func `a redirect before the whole form is sent stops the body`() {
    var machine = machine(Self.file, acceptsSeeOther: true)
    #expect(machine.sentHead() == .body(.write(0..<10)))
    #expect(machine.responded(303) == .none)
    #expect(machine.body.wait == nil && !machine.body.isSent)
    #expect(machine.advance() == .none)
    let action = machine.responseEnded()
    expectEnd(action, &machine, resets: true, status: 303)
    #expect(!machine.body.isSent)
  }

  @Test(arguments: [0, 2] as [UInt64])
  func `a server that knows the length may respond and close immediately after the last byte`(size: UInt64) {
    var machine = machine(BodyStateMachine.Plan(size: size, chunkSize: 10, checkedTail: 3, hasTail: false))
    let first = machine.sentHead()
    if size > 0 {
      #expect(first == .body(.check))
      #expect(machine.checked() == .body(.write(0..<2)))
      #expect(machine.advance() == .none)
    }
    #expect(machine.responded(201) == .none)
    #expect(machine.responseEnded() == .body(.check))
    #expect(machine.disconnected() == .none)
    #expect(machine.checked() == .report(response(201)))
  }

  @Test func `a success for content in memory is reported without a last check`() {
    var machine = sentMachine(Self.memory)
    _ = machine.responded(200)
    let action = machine.responseEnded()
    expectEnd(action, &machine, resets: false, status: 200)
  }

  @Test func `the body is sent when 100 Continue arrives, not with another informational response`() {
    var machine = machine(Self.memory, asks: true)
    #expect(machine.sentHead() == .none)
    #expect(machine.responded(102) == .none)
    #expect(machine.responded(100) == .body(.write(0..<10)))
    #expect(machine.responded(100) == .none)
  }

  @Test func `a connection is reported as lost before a response, and as interrupted in the middle of a success`() {
    var early = machine(Self.file)
    _ = early.sentHead()
    #expect(early.disconnected() == .report(.failure(.connectionLost)))
    #expect(early.disconnected() == .none)
    var late = sentMachine(Self.file)
    #expect(late.disconnected() == .report(.failure(.connectionLost)))
    var cut = sentMachine(Self.file)
    _ = cut.responded(201)
    #expect(cut.disconnected() == .report(.failure(.responseInterrupted(status: 201))))
  }

  @Test func `while the body moves, any number of informational responses is read`() {
    var machine = machine(.init(size: 10_000, chunkSize: 10, checkedTail: 0, hasTail: true))
    _ = machine.sentHead()
    for _ in 0..<200 {
      #expect(machine.responded(104) == .none)
      #expect(machine.advance() != .none)
    }
  }

  @Test func `any number of 104 is ignored, and none of them prolongs a timeout`() {
    var machine = machine(.init(size: 10, chunkSize: 10, checkedTail: 0, hasTail: true))
    _ = machine.sentHead()
    let start = NIODeadline.uptimeNanoseconds(1)
    let deadline = machine.deadline
    for second in 0..<1000 {
      let now = start + .milliseconds(Int64(second))
      #expect(machine.responded(ExchangeResponse(status: 104), at: now) == .none)
    }
    #expect(machine.deadline == deadline)
  }

  @Test func `a pause closes the connection without a reset, so that the server receives what was sent`() {
    var sending = machine(Self.file)
    _ = sending.sentHead()
    let action = sending.paused()
    expectEnd(action, &sending, resets: false, failure: .paused)
    var waiting = machine(Self.file, asks: true)
    _ = waiting.sentHead()
    let end = waiting.paused()
    expectEnd(end, &waiting, resets: false, failure: .paused)
  }

  @Test func `a pause does not end an exchange whose body is sent, or that is rejected`() {
    var sent = sentMachine(Self.file)
    #expect(sent.paused() == .none)
    var rejected = machine(Self.file)
    _ = rejected.sentHead()
    #expect(rejected.responded(409) == .none)
    #expect(rejected.paused() == .none)
    let action = rejected.responseEnded()
    expectEnd(action, &rejected, resets: true, status: 409)
    #expect(rejected.paused() == .none)
  }

  @Test func `malformed bytes, 101, and a 65th informational response are malformed responses`() {
    var machine = machine(Self.file)
    _ = machine.sentHead()
    let malformed = machine.responseMalformed()
    expectEnd(malformed, &machine, failure: .malformedResponse)
    var switching = self.machine(Self.file)
    _ = switching.sentHead()
    let switched = switching.responded(101)
    expectEnd(switched, &switching, failure: .malformedResponse)
    var flood = self.machine(Self.file)
    _ = flood.sentHead()
    let actions = (0..<100).map { _ in flood.responded(103) }
    #expect(actions.count { $0 == .close(resets: true) } == 1)
    #expect(actions[63] == .none)
  }

  @Test func `bytes after a complete early success are ignored`() {
    var machine = machine(Self.memory)
    _ = machine.sentHead()
    _ = machine.responded(200)
    _ = machine.responseEnded()
    #expect(machine.responseMalformed() == .none)
    #expect(machine.responded(500) == .none)
    #expect(machine.responseContinued("x") == .none)
    #expect(machine.advance() == .body(.writeEnd))
    let action = machine.advance()
    expectEnd(action, &machine, resets: false, status: 200)
  }

  @Test func `a cancellation after the whole body is reported once, and later events do nothing`() {
    var machine = sentMachine(Self.file)
    let action = machine.cancelled()
    #expect(action == .close(resets: false))
    #expect(machine.responded(201) == .none)
    #expect(machine.responseEnded() == .none)
    #expect(machine.checked() == .none)
    #expect(machine.sourceFailed() == .none)
    #expect(machine.cancelled() == .none)
    #expect(machine.deadline == nil)
    #expect(machine.timerFired(at: .distantFuture) == .none)
    expectEnd(action, &machine, resets: false, failure: .cancelled)
  }

  @Test func `a cancellation before the whole body is sent closes the connection with a reset`() {
    var machine = machine(Self.file)
    _ = machine.sentHead()
    let action = machine.cancelled()
    expectEnd(action, &machine, resets: true, failure: .cancelled)
  }

  @Test func `a source that fails is reported with whether the server had reported success`() {
    var before = machine(Self.file)
    _ = before.sentHead()
    let early = before.sourceFailed()
    expectEnd(early, &before, failure: .sourceFailed(isStored: false))
    var after = sentMachine(Self.file)
    _ = after.responded(201)
    #expect(after.responseEnded() == .body(.check))
    let late = after.sourceFailed()
    expectEnd(late, &after, resets: false, failure: .sourceFailed(isStored: true))
    var closed = sentMachine(Self.file)
    _ = closed.responded(201)
    _ = closed.responseEnded()
    _ = closed.disconnected()
    #expect(closed.sourceFailed() == .report(.failure(.sourceFailed(isStored: true))))
  }

  @Test func `removing the handler is a failure, unless a result is known or a success is in its last check`() {
    var machine = machine(Self.file)
    _ = machine.sentHead()
    #expect(machine.removed() == .report(.failure(.handlerRemoved)))
    #expect(machine.removed() == .none)
    var confirming = sentMachine(Self.file)
    _ = confirming.responded(201)
    _ = confirming.responseEnded()
    #expect(confirming.removed() == .none)
    #expect(confirming.checked() == .report(response(201)))
    var closing = self.machine(Self.file)
    _ = closing.sentHead()
    _ = closing.cancelled()
    #expect(closing.removed() == .report(.failure(.cancelled)))
  }

  @Test func `a body that is read in chunks and has no tail is written without an end of its own`() {
    var machine = machine(.init(size: 15, chunkSize: 10, checkedTail: 0, hasTail: false, readsChunks: true))
    #expect(machine.sentHead() == .body(.read(0..<10)))
    #expect(machine.didRead(10) == .body(.write(0..<10)))
    #expect(machine.advance() == .body(.read(10..<15)))
    #expect(machine.didRead(5) == .body(.write(10..<15)))
    #expect(machine.advance() == .none && machine.body.isSent)
    #expect(machine.responded(204) == .none)
    let action = machine.responseEnded()
    expectEnd(action, &machine, resets: false, status: 204)
  }

  @Test func `a cancellation while the content is read ends the body`() {
    var machine = machine(.init(size: 15, chunkSize: 10, checkedTail: 0, hasTail: false, readsChunks: true))
    #expect(machine.sentHead() == .body(.read(0..<10)))
    let action = machine.cancelled()
    #expect(machine.didRead(10) == .none)
    expectEnd(action, &machine, resets: true, failure: .cancelled)
  }

  @Test func `bytes that belong to no response are malformed`() {
    var body = sentMachine(Self.memory)
    let continued = body.responseContinued("a")
    expectEnd(continued, &body, resets: false, failure: .malformedResponse)
    var end = machine(Self.file, asks: true)
    _ = end.sentHead()
    let ended = end.responseEnded()
    expectEnd(ended, &end, failure: .malformedResponse)
  }
}
