import Basics
import Testing

@testable import UploadStorageS3

@Suite struct PartsStateMachineTests {
  private typealias Step = PartsStateMachine.Step

  @Test func `a file of one part is complete without anything at the engine`() {
    var machine = PartsStateMachine()
    #expect(machine.open() == Step() && machine.opened == 1)
    #expect(machine.filled(1) == Step())
    #expect(machine.end() == Step(isComplete: true))
    #expect(machine.isSingle)
    #expect(machine.abort() == Step())
  }

  @Test func `an empty file is complete without a part`() {
    var machine = PartsStateMachine()
    #expect(machine.end() == Step(isComplete: true))
  }

  @Test func `the second part begins the upload, and two parts are sent at once`() {
    var machine = PartsStateMachine()
    _ = machine.open()
    #expect(machine.filled(1) == Step())
    #expect(machine.open() == Step(begin: true))
    #expect(machine.filled(2) == Step())
    #expect(machine.open() == Step())
    #expect(machine.filled(3) == Step() && !machine.canOpen)
    #expect(machine.began() == Step(send: [1, 2]))
    #expect(machine.accepted(2) == Step(send: [3]) && machine.canOpen)
    #expect(machine.end() == Step())
    #expect(machine.accepted(1) == Step())
    #expect(machine.accepted(3) == Step(isComplete: true))
  }

  @Test func `what is under way ends before anything is deleted`() {
    var machine = PartsStateMachine()
    _ = (machine.open(), machine.filled(1), machine.open(), machine.filled(2), machine.began())
    #expect(machine.abort() == Step())
    #expect(machine.accepted(1) == Step())
    #expect(machine.rejected(2) == Step(cleanUp: true))
    #expect(machine.abort() == Step() && machine.end() == Step() && !machine.canOpen)
  }

  @Test func `an upload that is being begun is deleted once that has ended`() {
    for succeeds in [false, true] {
      var machine = PartsStateMachine()
      _ = (machine.open(), machine.filled(1), machine.open())
      #expect(machine.abort() == Step())
      #expect((succeeds ? machine.began() : machine.beginFailed()) == Step(cleanUp: true))
    }
  }

  @Test func `an upload continues with the parts that the engine has`() {
    var machine = PartsStateMachine(accepted: 3, hasBegun: true)
    #expect(machine.open() == Step() && machine.opened == 4 && !machine.isSingle)
    #expect(machine.filled(4) == Step(send: [4]))
    #expect(machine.accepted(4) == Step())
    #expect(machine.end() == Step(isComplete: true))
    var whole = PartsStateMachine(accepted: 3, hasBegun: true)
    #expect(whole.end() == Step(isComplete: true))
  }

  @Test func `a pause waits for the full parts, and does not send the one that is not full`() {
    var machine = PartsStateMachine(accepted: 1, hasBegun: true)
    _ = (machine.open(), machine.filled(2), machine.open())
    #expect(machine.pause() == Step() && !machine.canOpen)
    #expect(machine.accepted(2) == Step(isPaused: true))
    #expect(machine.abort() == Step() && machine.end() == Step())
  }

  @Test func `a pause does not begin an upload of one part, full or not`() {
    for isFull in [false, true] {
      var machine = PartsStateMachine()
      _ = machine.open()
      if isFull { _ = machine.filled(1) }
      #expect(machine.pause() == Step(isPaused: true) && machine.isSingle)
    }
  }

  @Test func `a pause waits for the beginning of the upload`() {
    var machine = PartsStateMachine()
    _ = (machine.open(), machine.filled(1), machine.open())
    #expect(machine.pause() == Step())
    #expect(machine.began() == Step(send: [1]))
    #expect(machine.accepted(1) == Step(isPaused: true))
  }

  @Test func `parts that must wait are spooled without a limit, and sent once they may be`() {
    var machine = PartsStateMachine(isWithheld: true)
    for number in 1...20 { #expect(machine.canOpen && machine.open() == Step() && machine.filled(number) == Step()) }
    #expect(machine.release() == Step(begin: true))
    #expect(!machine.canOpen && machine.release() == Step())
    #expect(machine.began() == Step(send: [1, 2]))
    var continued = PartsStateMachine(accepted: 4, hasBegun: true, isWithheld: true)
    _ = (continued.open(), continued.filled(5))
    #expect(continued.release() == Step(send: [5]))
    var small = PartsStateMachine(isWithheld: true)
    _ = small.open()
    #expect(small.release() == Step() && small.pause() == Step(isPaused: true))
  }

  @Test func `what must wait and is aborted is never sent`() {
    var machine = PartsStateMachine(isWithheld: true)
    _ = (machine.open(), machine.filled(1), machine.open(), machine.filled(2))
    #expect(machine.abort() == Step(cleanUp: true))
    #expect(machine.release() == Step())
  }

  @Test func `no more parts are opened than an object may have`() {
    var machine = PartsStateMachine(maximumCount: 2)
    _ = (machine.open(), machine.filled(1), machine.open(), machine.filled(2), machine.began())
    _ = (machine.accepted(1), machine.accepted(2))
    #expect(!machine.canOpen && !machine.hasNumbers)
  }

  #if DEBUG
    @Test func `a part that may not be opened traps in a debug build`() async {
      await #expect(processExitsWith: .failure) {
        var machine = PartsStateMachine(maximumCount: 0)
        _ = machine.open()
      }
    }
  #else
    @Test func `a part that may not be opened is not`() {
      var machine = PartsStateMachine(maximumCount: 0)
      #expect(machine.open() == nil && machine.opened == 0)
    }
  #endif

  /// Any order of events: the machine sends each part once, at most two at once, and ends exactly once.
  @Test func `every order of events ends once`() {
    var random = SplitMix64(seed: 7)
    for _ in 0..<3000 {
      var model = Model(count: Int.random(in: 0...9, using: &random))
      var steps = 0
      while model.ends == 0, steps < 500 {
        steps += 1
        model.advance(&random)
      }
      #expect(model.ends == 1, "\(model)")
    }
  }

  /// An upload of some parts, in which anything that can happen next may happen.
  private struct Model {
    let count: Int
    var machine = PartsStateMachine()
    var filling: Int?
    var filled = 0
    var isBeginning = false
    var sending: [Int] = []
    var sent: Set<Int> = []
    var hasEnded = false
    var ends = 0

    init(count: Int) { self.count = count }

    mutating func advance(_ random: inout SplitMix64) {
      let before = sending.count
      switch Int.random(in: 0..<40, using: &random) {
      case 0..<14:
        if let part = filling {
          filling = nil
          filled += 1
          perform(machine.filled(part))
        } else if machine.opened < count, machine.canOpen {
          guard let step = machine.open() else { return }
          filling = machine.opened
          perform(step)
        } else if filled == count, !hasEnded {
          hasEnded = true
          perform(machine.end())
        }
      case 14..<20:
        guard isBeginning else { return }
        isBeginning = false
        perform(machine.began())
      case 20:
        guard isBeginning else { return }
        isBeginning = false
        perform(machine.beginFailed())
      case 21..<37:
        guard let part = sending.randomElement(using: &random) else { return }
        sending.removeAll { $0 == part }
        perform(machine.accepted(part))
      case 37:
        guard let part = sending.popLast() else { return }
        perform(machine.rejected(part))
      case 38: perform(machine.abort())
      default: break
      }
      #expect(sending.count <= max(before, PartsStateMachine.sendsAtOnce))
    }

    private mutating func perform(_ step: PartsStateMachine.Step) {
      if step.begin {
        #expect(!isBeginning)
        isBeginning = true
      }
      for part in step.send {
        #expect(sent.insert(part).inserted && part <= filled)
        sending.append(part)
      }
      if step.isComplete {
        ends += 1
        #expect(sending.isEmpty && (count <= 1 || sent.count == count))
      }
      if step.cleanUp {
        ends += 1
        #expect(sending.isEmpty && !isBeginning)
      }
    }
  }
}
