import Testing

@testable import UploadStorageS3

@Suite struct LeaseStateMachineTests {
  private let start: Int64 = 1000

  private func seen(_ number: Int = 4, isReleased: Bool = false) -> LeaseStateMachine.Seen {
    LeaseStateMachine.Seen(number: number, modified: start, isReleased: isReleased)
  }

  @Test func `the first lease has the number 1`() {
    #expect(LeaseStateMachine.decide(nil, at: start) == .create(1))
  }

  @Test func `a lease that is renewed keeps other servers out, for 15 s after its last renewal`() {
    #expect(LeaseStateMachine.decide(seen(), at: start) == .busy)
    #expect(LeaseStateMachine.decide(seen(), at: start + 14) == .busy)
    #expect(LeaseStateMachine.decide(seen(), at: start + 15) == .create(5))
    #expect(LeaseStateMachine.decide(seen(), at: start - 100) == .busy)
  }

  @Test func `a lease that was released can be followed at once`() {
    #expect(LeaseStateMachine.decide(seen(isReleased: true), at: start) == .create(5))
  }

  @Test func `times and numbers at the ends of their range neither overflow nor end a lease early`() {
    let oldest = LeaseStateMachine.Seen(number: 1, modified: .min, isReleased: false)
    #expect(LeaseStateMachine.decide(oldest, at: .max) == .create(2))
    let future = LeaseStateMachine.Seen(number: 1, modified: .max, isReleased: false)
    #expect(LeaseStateMachine.decide(future, at: .min) == .busy)
    for number in [UnfinishedPart.highestNumber, .max] {
      #expect(LeaseStateMachine.decide(seen(number, isReleased: true), at: start) == .busy)
    }
  }

  @Test func `a holder looks for a newer lease every 5 s, and before what cannot be undone`() {
    var machine = LeaseStateMachine(at: start)
    #expect(machine.step(at: start + 4) == .write)
    #expect(machine.step(at: start + 4, isFinal: true) == .verify)
    #expect(machine.step(at: start + 5) == .verify)
    machine.verified(isSuperseded: false, at: start + 5)
    #expect(machine.step(at: start + 9) == .write)
    #expect(!machine.isLost)
  }

  @Test func `a holder that was superseded stops, whatever it finds later`() {
    var machine = LeaseStateMachine(at: start)
    machine.verified(isSuperseded: true, at: start + 20)
    #expect(machine.isLost && machine.step(at: start + 20) == .stop)
    machine.verified(isSuperseded: false, at: start + 21)
    machine.release()
    #expect(machine.isLost && machine.step(at: start + 21, isFinal: true) == .stop)
  }

  @Test func `a holder that has written its lease late looks once more for a newer one`() {
    var machine = LeaseStateMachine(at: start)
    let times: [(Int64, Bool)] = [(4, false), (13, false), (23, true), (24, false), (50, true), (-100, false)]
    for (seconds, isLate) in times {
      #expect(machine.wrote(from: start + seconds, to: start + seconds) == isLate, "\(seconds)")
    }
    machine.verified(isSuperseded: true, at: start)
    #expect(!machine.wrote(from: start + 1000, to: start + 1000) && machine.isLost)
  }

  @Test func `a lease counts as written when its request began`() {
    var machine = LeaseStateMachine(at: start)
    for (begin, end, isLate) in [(1, 9, false), (10, 11, true), (12, 20, true)] as [(Int64, Int64, Bool)] {
      #expect(machine.wrote(from: start + begin, to: start + end) == isLate, "\(begin)")
    }
  }

  @Test func `a lease that was released is written no more`() {
    var machine = LeaseStateMachine(at: start)
    machine.release()
    #expect(machine.step(at: start) == .stop && !machine.isLost)
  }
}
