import NIOCore
import Testing

@testable import UploadClient

@Suite struct ExchangeStateMachineTests {
  /// 25 bytes in pieces of 10 of which the last 3 wait for a check.
  private static let file = BodyStateMachine.Plan(size: 25, pieceSize: 10, heldBack: 3, hasTail: true)
  private static let memory = BodyStateMachine.Plan(size: 10, pieceSize: 10, heldBack: 0, hasTail: true)

  private func machine(
    _ body: BodyStateMachine.Plan,
    asks: Bool = false,
    acceptsSeeOther: Bool = false
  ) -> ExchangeStateMachine {
    var machine = ExchangeStateMachine(
      ExchangeStateMachine.Plan(
        body: body,
        continueTimeout: asks ? .seconds(1) : nil,
        idleTimeout: .seconds(60),
        answerTimeout: .seconds(300),
        acceptsSeeOther: acceptsSeeOther
      )
    )
    #expect(machine.connected() == .sendHead)
    #expect(machine.connected() == .none)
    return machine
  }

  /// A machine whose whole body is out.
  private func sentMachine(_ body: BodyStateMachine.Plan, acceptsSeeOther: Bool = false) -> ExchangeStateMachine {
    var machine = machine(body, acceptsSeeOther: acceptsSeeOther)
    var action = machine.sentHead()
    while action != .none {
      action = action == .body(.check) ? machine.checked() : machine.wroteOut()
    }
    #expect(machine.body.isSent)
    return machine
  }

  @Test func usualCourse() {
    var machine = sentMachine(Self.file)
    #expect(machine.answered(201) == .none)
    machine.answerContinued()
    #expect(machine.answerEnded() == .body(.check))
    #expect(machine.isConfirming)
    #expect(machine.disconnected() == .none)
    #expect(machine.checked() == .finish)
    #expect(machine.disconnected() == .none)
  }

  @Test(arguments: [302, 303]) func `a redirect behind a whole form is checked like a success`(status: Int) {
    var machine = sentMachine(Self.file, acceptsSeeOther: true)
    #expect(machine.answered(status) == .none)
    #expect(machine.answerEnded() == .body(.check))
    #expect(machine.checked() == .finish)
  }

  @Test func `other redirects, and redirects of other bodies, end the exchange without a check`() {
    for (status, acceptsSeeOther) in [(301, true), (307, true), (308, true), (302, false), (303, false)] {
      var machine = sentMachine(Self.file, acceptsSeeOther: acceptsSeeOther)
      #expect(machine.answered(status) == .none)
      #expect(machine.answerEnded() == .finish)
    }
  }

  @Test func `a redirect before the whole form is sent stops the body`() {
    var machine = machine(Self.file, acceptsSeeOther: true)
    #expect(machine.sentHead() == .body(.write(0..<10)))
    #expect(machine.answered(303) == .none)
    #expect(machine.body.isStopped)
    #expect(machine.wroteOut() == .none)
    #expect(machine.answerEnded() == .finish)
    #expect(!machine.body.isSent)
  }

  /// A server that knows the length may answer and close before anything else happens here.
  @Test func answerRightBehindTheLastByte() {
    for size in [0, 2] as [UInt64] {
      var machine = machine(BodyStateMachine.Plan(size: size, pieceSize: 10, heldBack: 3, hasTail: false))
      let first = machine.sentHead()
      if size > 0 {
        #expect(first == .body(.check))
        #expect(machine.checked() == .body(.write(0..<2)))
        #expect(machine.wroteOut() == .none)
      }
      #expect(machine.answered(201) == .none)
      #expect(machine.answerEnded() == .body(.check))
      #expect(machine.disconnected() == .none)
      #expect(machine.checked() == .finish)
    }
  }

  @Test func memoryNeedsNoLastCheck() {
    var machine = sentMachine(Self.memory)
    _ = machine.answered(200)
    #expect(machine.answerEnded() == .finish)
  }

  @Test func bodyWaitsForContinue() {
    var machine = machine(Self.memory, asks: true)
    #expect(machine.sentHead() == .none)
    #expect(machine.answered(102) == .none)
    #expect(machine.answered(100) == .body(.write(0..<10)))
    #expect(machine.answered(100) == .none)
  }

  @Test func bodyStopsWaitingForContinue() {
    var machine = machine(Self.memory, asks: true)
    _ = machine.sentHead()
    let start = NIODeadline.uptimeNanoseconds(1)
    #expect(machine.tick(now: start, partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .milliseconds(999), partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .seconds(1), partlyTaken: 0) == .body(.write(0..<10)))
  }

  @Test func refusalInsteadOfContinue() {
    var machine = machine(Self.file, asks: true)
    _ = machine.sentHead()
    #expect(machine.answered(413) == .none)
    #expect(machine.tick(now: .uptimeNanoseconds(1) + .seconds(5), partlyTaken: 0) == .none)
    #expect(machine.answerEnded() == .finish)
    #expect(!machine.body.hasBegun)
  }

  @Test func refusalStopsTheBody() {
    var machine = machine(Self.file)
    #expect(machine.sentHead() == .body(.write(0..<10)))
    #expect(machine.answered(413) == .none)
    #expect(machine.wroteOut() == .none)
    #expect(machine.answerEnded() == .finish)
  }

  @Test func refusalCountsEvenIfItsTextIsCut() {
    for end in [
      { (machine: inout ExchangeStateMachine) in machine.disconnected() },
      { (machine: inout ExchangeStateMachine) in machine.answerMalformed() },
    ] {
      var machine = machine(Self.file)
      _ = machine.sentHead()
      _ = machine.answered(500)
      let action = end(&machine)
      #expect(action == .finish)
    }
  }

  @Test func earlySuccessLetsTheBodyGoOn() {
    var machine = machine(Self.memory)
    #expect(machine.sentHead() == .body(.write(0..<10)))
    #expect(machine.answered(200) == .none)
    #expect(machine.answerEnded() == .none)
    #expect(machine.wroteOut() == .body(.writeEnd))
    #expect(machine.wroteOut() == .finish)
  }

  @Test func earlySuccessInsteadOfContinueBeginsTheBody() {
    var machine = machine(Self.memory, asks: true)
    _ = machine.sentHead()
    #expect(machine.answered(200) == .body(.write(0..<10)))
  }

  @Test func earlySuccessIsNoneWhenTheRestIsNotTaken() {
    var machine = machine(Self.file)
    _ = machine.sentHead()
    _ = machine.answered(200)
    _ = machine.answerEnded()
    #expect(machine.disconnected() == .fail(.earlySuccess(status: 200)))
  }

  @Test func connectionLostBeforeAndInAnAnswer() {
    var early = machine(Self.file)
    _ = early.sentHead()
    #expect(early.disconnected() == .fail(.connectionLost))
    #expect(early.disconnected() == .none)
    var late = sentMachine(Self.file)
    #expect(late.disconnected() == .fail(.connectionLost))
    var cut = sentMachine(Self.file)
    _ = cut.answered(201)
    #expect(cut.disconnected() == .fail(.answerCut(status: 201)))
  }

  @Test func whatIsNotHTTP() {
    var machine = machine(Self.file)
    _ = machine.sentHead()
    #expect(machine.answerMalformed() == .fail(.badAnswer))
    var switching = self.machine(Self.file)
    _ = switching.sentHead()
    #expect(switching.answered(101) == .fail(.badAnswer))
    var flood = self.machine(Self.file)
    _ = flood.sentHead()
    var actions: [ExchangeStateMachine.Action] = []
    for _ in 0..<100 { actions.append(flood.answered(103)) }
    #expect(actions.filter { $0 == .fail(.badAnswer) }.count == 1)
    #expect(actions[63] == .none)
  }

  @Test func junkBehindACompleteAnswerIsIgnored() {
    var machine = machine(Self.memory)
    _ = machine.sentHead()
    _ = machine.answered(200)
    _ = machine.answerEnded()
    #expect(machine.answerMalformed() == .none)
    #expect(machine.answered(500) == .none)
    #expect(machine.wroteOut() == .body(.writeEnd))
    #expect(machine.wroteOut() == .finish)
  }

  @Test func abortedMachineSaysNothingMore() {
    var machine = sentMachine(Self.file)
    machine.abort()
    #expect(machine.answered(201) == .none)
    #expect(machine.answerEnded() == .none)
    #expect(machine.disconnected() == .none)
    #expect(machine.tick(now: .distantFuture, partlyTaken: 0) == .none)
  }
}
