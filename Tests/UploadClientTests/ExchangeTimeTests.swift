import NIOCore
import Testing

@testable import UploadClient

/// What the exchange does as time goes by, with a clock in the test's hand.
@Suite struct ExchangeTimeTests {
  private let start = NIODeadline.uptimeNanoseconds(1)

  private func machine(size: UInt64? = 25, heldBack: UInt64 = 3) -> ExchangeStateMachine {
    var machine = ExchangeStateMachine(
      ExchangeStateMachine.Plan(
        body: BodyStateMachine.Plan(size: size, pieceSize: 10, heldBack: heldBack, hasTail: true),
        continueTimeout: nil,
        idleTimeout: .seconds(60),
        answerTimeout: .seconds(300)
      )
    )
    _ = machine.connected()
    _ = machine.sentHead()
    return machine
  }

  private func sentMachine() -> ExchangeStateMachine {
    var machine = machine(size: 10, heldBack: 0)
    _ = machine.wroteOut()
    _ = machine.wroteOut()
    return machine
  }

  @Test func clockSeesOnlyChange() {
    var clock = IdleClock()
    #expect(clock.look(at: 5, now: start) == .zero)
    #expect(clock.look(at: 5, now: start + .seconds(2)) == .seconds(2))
    #expect(clock.look(at: 6, now: start + .seconds(3)) == .zero)
    #expect(clock.look(at: 6, now: start + .seconds(4)) == .seconds(1))
  }

  @Test func serverThatTakesNothing() {
    var machine = machine(heldBack: 0)
    #expect(machine.tick(now: start, partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .seconds(59), partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .seconds(60), partlyTaken: 0) == .fail(.serverTakesNothing))
  }

  @Test func serverThatSaidYesAndTakesNothing() {
    for complete in [false, true] {
      var machine = machine(heldBack: 0)
      #expect(machine.answered(201) == .none)
      if complete { #expect(machine.answerEnded() == .none) }
      #expect(machine.tick(now: start, partlyTaken: 0) == .none)
      #expect(machine.tick(now: start + .seconds(60), partlyTaken: 0) == .fail(.earlySuccess(status: 201)))
    }
  }

  @Test func onlyAServerThatHasEverythingIsAwaited() {
    var machine = machine(size: 10, heldBack: 3)
    #expect(!machine.isAwaitingAnswer)
    _ = machine.wroteOut()
    _ = machine.checked()
    _ = machine.wroteOut()
    _ = machine.wroteOut()
    #expect(machine.isAwaitingAnswer)
    _ = machine.answered(201)
    #expect(machine.isAwaitingAnswer)
    #expect(machine.answerEnded() == .body(.check))
    #expect(!machine.isAwaitingAnswer)
  }

  @Test func everyByteCountsAsMovement() {
    var machine = machine(heldBack: 0)
    for second in 0..<9 as Range<UInt64> {
      #expect(machine.tick(now: start + .seconds(59 * Int64(second)), partlyTaken: second) == .none)
    }
    // The piece is out: fewer bytes of the next are taken than were of this one, and that is still movement.
    #expect(machine.wroteOut() == .body(.write(10..<20)))
    #expect(machine.tick(now: start + .seconds(59 * 9), partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .seconds(59 * 10), partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .seconds(59 * 11), partlyTaken: 0) == .fail(.serverTakesNothing))
  }

  @Test func fileIsLookedAtWhenNothingMoves() {
    var machine = machine()
    #expect(machine.tick(now: start, partlyTaken: 1) == .none)
    #expect(machine.tick(now: start + .seconds(1), partlyTaken: 2) == .none)
    #expect(machine.tick(now: start + .seconds(2), partlyTaken: 2) == .probe)
    #expect(machine.tick(now: start + .seconds(3), partlyTaken: 2) == .probe)
    #expect(machine.tick(now: start + .seconds(4), partlyTaken: 3) == .none)
  }

  @Test func slowSourceIsNotTheServersFault() {
    var machine = machine(size: nil, heldBack: 0)
    #expect(machine.tick(now: start, partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .hours(5), partlyTaken: 0) == .none)
    #expect(machine.didRead(4) == .body(.writeRead(4)))
    #expect(machine.tick(now: start + .hours(5), partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .hours(5) + .seconds(60), partlyTaken: 0) == .fail(.serverTakesNothing))
  }

  @Test func serverHasLongerForItsAnswer() {
    var machine = sentMachine()
    #expect(machine.tick(now: start, partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .seconds(299), partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .seconds(300), partlyTaken: 0) == .fail(.serverSaysNothing))
  }

  @Test func answerMustGoOnOnceItHasBegun() {
    var machine = sentMachine()
    _ = machine.answered(201)
    #expect(machine.tick(now: start, partlyTaken: 0) == .none)
    machine.answerContinued()
    #expect(machine.tick(now: start + .seconds(59), partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .seconds(118), partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .seconds(119), partlyTaken: 0) == .fail(.serverSaysNothing))
  }

  @Test func refusalWithoutAnEndStillCounts() {
    var machine = machine()
    _ = machine.answered(413)
    #expect(machine.tick(now: start, partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .seconds(60), partlyTaken: 0) == .finish)
  }

  @Test func informationalAnswersAreSignsOfLife() {
    var machine = sentMachine()
    #expect(machine.tick(now: start, partlyTaken: 0) == .none)
    #expect(machine.answered(102) == .none)
    #expect(machine.tick(now: start + .seconds(299), partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .seconds(598), partlyTaken: 0) == .none)
    #expect(machine.tick(now: start + .seconds(599), partlyTaken: 0) == .fail(.serverSaysNothing))
  }
}
