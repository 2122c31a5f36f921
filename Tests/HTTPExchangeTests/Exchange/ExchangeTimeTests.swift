import NIOCore
import Testing

@testable import HTTPExchange

/// What the exchange does as time passes. The tests are its clock.
@Suite struct ExchangeTimeTests {
  private let start = NIODeadline.uptimeNanoseconds(1)

  private func machine(
    size: UInt64? = 25,
    checkedTail: UInt64 = 3,
    continueTimeout: TimeAmount? = nil
  ) -> ExchangeStateMachine {
    var plan = ExchangeStateMachine.Plan(
      body: BodyStateMachine.Plan(size: size, chunkSize: 10, checkedTail: checkedTail, hasTail: true),
      idleTimeout: .seconds(60),
      responseTimeout: .seconds(300),
      bodyLimit: 100
    )
    plan.continueTimeout = continueTimeout
    var machine = ExchangeStateMachine(plan)
    _ = machine.connected(at: start)
    _ = machine.sentHead(at: start)
    return machine
  }

  private func sentMachine() -> ExchangeStateMachine {
    var machine = machine(size: 10, checkedTail: 0)
    _ = machine.advance(at: start)
    _ = machine.advance(at: start)
    return machine
  }

  private func responded(_ machine: inout ExchangeStateMachine, _ status: Int, at now: NIODeadline? = nil) {
    let action = machine.responded(ExchangeResponse(status: status, reason: ""), at: now ?? start)
    #expect(action == .none)
  }

  /// Expects that the exchange times out `seconds` after the start, and no nanosecond earlier.
  private func expectTimeout(
    _ machine: inout ExchangeStateMachine,
    after seconds: Int64,
    resets: Bool = true,
    _ outcome: ExchangeStateMachine.Outcome
  ) {
    let deadline = start + .seconds(seconds)
    let early = machine.timerFired(at: deadline - .nanoseconds(1))
    #expect(early == .none || early == .probe)
    #expect(machine.deadline.map { $0 <= deadline } == true)
    #expect(machine.timerFired(at: deadline) == .close(resets: resets))
    #expect(machine.deadline == nil)
    #expect(machine.disconnected() == .report(outcome))
  }

  @Test func `the body is sent when 100 Continue does not arrive in time`() {
    var machine = machine(continueTimeout: .seconds(1))
    #expect(machine.deadline == start + .seconds(1))
    #expect(machine.timerFired(at: start + .milliseconds(999)) == .none)
    responded(&machine, 102, at: start + .milliseconds(999))
    #expect(machine.deadline == start + .seconds(1))
    #expect(machine.timerFired(at: start + .seconds(1)) == .body(.write(0..<10)))
  }

  @Test func `the exchange fails after the idle timeout when the server accepts no byte of the body`() {
    var machine = machine(checkedTail: 0)
    expectTimeout(&machine, after: 60, .failure(.sendTimedOut))
  }

  @Test(arguments: [false, true])
  func `the idle timeout ends an exchange whose server accepts no byte after an early success`(isComplete: Bool) {
    var machine = machine(checkedTail: 0)
    responded(&machine, 201)
    if isComplete { #expect(machine.responseEnded(at: start) == .none) }
    expectTimeout(&machine, after: 60, .failure(.earlySuccess(status: 201)))
  }

  @Test func `each byte that the socket accepts restarts the idle timeout`() {
    var machine = machine(checkedTail: 0)
    for second in 0..<9 {
      let now = start + .seconds(59 * Int64(second))
      machine.observed(queued: 10 - second, at: now)
      #expect(machine.timerFired(at: now) == .none)
    }
    let now = start + .seconds(59 * 9)
    #expect(machine.advance(at: now) == .body(.write(10..<20)))
    machine.observed(queued: 10, at: now + .seconds(59))
    #expect(machine.timerFired(at: now + .seconds(59)) == .none)
    #expect(machine.timerFired(at: now + .seconds(60)) == .close(resets: true))
  }

  @Test func `the next deadline is 100 ms away while a chunk is written, and none while a stream is read`() {
    var machine = machine(size: nil, checkedTail: 0)
    #expect(machine.deadline == nil)
    #expect(machine.didRead(10, at: start) == .body(.write(0..<10)))
    #expect(machine.deadline == start + .milliseconds(100))
    #expect(machine.timerFired(at: start + .milliseconds(100)) == .none)
    #expect(machine.deadline == start + .milliseconds(200))
    machine.observed(queued: 5, at: start + .milliseconds(150))
    #expect(machine.deadline == start + .milliseconds(250))
    #expect(machine.body.sentBytes == 5)
    #expect(machine.advance(at: start + .milliseconds(160)) == .body(.read(nil)))
    #expect(machine.deadline == nil)
  }

  @Test func `a file is checked, one check at a time, while the socket accepts none of its bytes`() {
    var machine = machine()
    machine.observed(queued: 9, at: start + .milliseconds(50))
    #expect(machine.timerFired(at: start + .milliseconds(100)) == .none)
    #expect(machine.timerFired(at: start + .milliseconds(150)) == .probe)
    // One check at a time, however long it takes.
    #expect(machine.timerFired(at: start + .milliseconds(250)) == .none)
    machine.probed()
    #expect(machine.timerFired(at: start + .milliseconds(300)) == .none)
    #expect(machine.timerFired(at: start + .milliseconds(350)) == .probe)
    machine.probed()
    machine.observed(queued: 8, at: start + .milliseconds(450))
    #expect(machine.timerFired(at: start + .milliseconds(450)) == .none)
  }

  @Test func `content in memory is not checked while the socket accepts none of its bytes`() {
    var machine = machine(checkedTail: 0)
    #expect(machine.timerFired(at: start + .seconds(1)) == .none)
  }

  @Test func `hours of waiting for a slow source do not count as the server's idle time`() {
    var machine = machine(size: nil, checkedTail: 0)
    #expect(machine.timerFired(at: start + .hours(5)) == .none)
    #expect(machine.didRead(4, at: start + .hours(5)) == .body(.write(0..<4)))
    #expect(machine.timerFired(at: start + .hours(5) + .seconds(59)) == .none)
    #expect(machine.timerFired(at: start + .hours(5) + .seconds(60)) == .close(resets: true))
    #expect(machine.disconnected() == .report(.failure(.sendTimedOut)))
  }

  @Test func `an hour of waiting for the rate limit does not count as the server's idle time`() {
    var machine = machine(checkedTail: 0)
    #expect(machine.wroteOut(pause: .hours(1), at: start) == .body(.pause(.hours(1))))
    #expect(machine.deadline == nil)
    #expect(machine.timerFired(at: start + .hours(1)) == .none)
    #expect(machine.resumed(at: start + .hours(1)) == .body(.write(10..<20)))
    #expect(machine.timerFired(at: start + .hours(1) + .seconds(59)) == .none)
  }

  @Test func `the exchange fails after the response timeout when the server does not respond to a whole body`() {
    var machine = sentMachine()
    #expect(machine.deadline == start + .seconds(300))
    expectTimeout(&machine, after: 300, resets: false, .failure(.responseTimedOut))
  }

  @Test func `a success that stops in the middle times out after the idle timeout`() {
    var machine = sentMachine()
    responded(&machine, 201)
    #expect(machine.deadline == start + .seconds(60))
    #expect(machine.responseContinued(ByteBuffer(string: "x"), at: start + .seconds(59)) == .none)
    expectTimeout(&machine, after: 119, resets: false, .failure(.responseTimedOut))
  }

  @Test func `a rejection whose end does not arrive is the result after the idle timeout`() {
    var machine = machine()
    responded(&machine, 413)
    expectTimeout(&machine, after: 60, .response(ExchangeResponse(status: 413).closing(.interrupted)))
  }

  @Test func `an informational response restarts the response timeout`() {
    var machine = sentMachine()
    responded(&machine, 102, at: start + .seconds(299))
    expectTimeout(&machine, after: 599, resets: false, .failure(.responseTimedOut))
  }
}
