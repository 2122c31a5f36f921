import Testing

@testable import UploadClient

@Suite struct BodyStateMachineTests {
  private func machine(size: UInt64?, heldBack: UInt64 = 3, hasTail: Bool = true) -> BodyStateMachine {
    BodyStateMachine(BodyStateMachine.Plan(size: size, pieceSize: 10, heldBack: heldBack, hasTail: hasTail))
  }

  @Test func fileGoesInPiecesAndItsEndWaitsForACheck() {
    var machine = machine(size: 25)
    #expect(!machine.hasBegun)
    #expect(machine.begin() == .write(0..<10))
    #expect(machine.hasBegun && machine.isWriting)
    #expect(machine.wroteOut() == .write(10..<20))
    #expect(machine.wroteOut() == .write(20..<22))
    #expect(machine.wroteOut() == .check)
    #expect(machine.waitsForSource && !machine.isWriting)
    #expect(machine.taken == 22)
    #expect(machine.checked() == .write(22..<25))
    #expect(machine.wroteOut() == .writeEnd)
    #expect(!machine.isSent)
    #expect(machine.wroteOut() == .none)
    #expect(machine.isSent)
    #expect(machine.taken == 25)
  }

  /// Whatever the sizes: pieces follow each other without gap, none is too long, and nothing of the end goes unchecked.
  @Test(arguments: [1, 2, 3, 4, 9, 10, 11, 12, 13, 14, 20, 23, 24, 100] as [UInt64])
  func piecesCoverTheFile(size: UInt64) {
    var machine = machine(size: size)
    var action = machine.begin()
    var end: UInt64 = 0
    var checkedAt: UInt64?
    for _ in 0..<100 where action != .writeEnd {
      switch action {
      case .check:
        checkedAt = end
        action = machine.checked()
      case .write(let range):
        #expect(range.lowerBound == end && range.count <= 10 && !range.isEmpty)
        #expect(checkedAt != nil || range.upperBound + 3 <= size)
        end = range.upperBound
        action = machine.wroteOut()
      default: Issue.record("\(action)")
      }
    }
    #expect(end == size)
    #expect(checkedAt == size - min(3, size))
    #expect(action == .writeEnd)
  }

  @Test func emptyFileIsCheckedToo() {
    var machine = machine(size: 0)
    #expect(machine.begin() == .check)
    #expect(machine.checked() == .writeEnd)
    #expect(machine.wroteOut() == .none)
    #expect(machine.isSent)
  }

  /// The server may answer as soon as it has the last byte, so that nothing may come between it and being done.
  @Test func withoutATailTheLastByteIsTheEnd() {
    var machine = machine(size: 5, hasTail: false)
    #expect(machine.begin() == .write(0..<2))
    #expect(machine.wroteOut() == .check)
    #expect(machine.checked() == .write(2..<5))
    #expect(machine.wroteOut() == .none)
    #expect(machine.isSent)
    var empty = self.machine(size: 0, hasTail: false)
    #expect(empty.begin() == .none)
    #expect(empty.isSent && empty.hasBegun)
  }

  @Test func memoryNeedsNoCheck() {
    var machine = machine(size: 15, heldBack: 0)
    #expect(machine.begin() == .write(0..<10))
    #expect(machine.wroteOut() == .write(10..<15))
    #expect(machine.wroteOut() == .writeEnd)
    var empty = self.machine(size: 0, heldBack: 0)
    #expect(empty.begin() == .writeEnd)
  }

  @Test func streamIsReadUntilItEnds() {
    var machine = machine(size: nil, heldBack: 0)
    #expect(machine.begin() == .read)
    #expect(machine.waitsForSource)
    #expect(machine.didRead(7) == .writeRead(7))
    #expect(!machine.waitsForSource)
    #expect(machine.wroteOut() == .read)
    #expect(machine.didRead(0) == .writeEnd)
    #expect(machine.wroteOut() == .none)
    #expect(machine.isSent && machine.taken == 7)
  }

  @Test func nothingGoesOutAfterAStop() {
    var machine = machine(size: 25)
    #expect(machine.begin() == .write(0..<10))
    machine.stop()
    #expect(machine.wroteOut() == .none)
    #expect(machine.checked() == .none)
    #expect(machine.didRead(4) == .none)
    #expect(machine.begin() == .none)
    #expect(!machine.isSent && !machine.isWriting)
  }

  @Test func whatWasSentStaysSent() {
    var machine = machine(size: 0, heldBack: 0)
    _ = machine.begin()
    _ = machine.wroteOut()
    machine.stop()
    #expect(machine.isSent)
  }

  @Test func progressOfAPieceIsReportedOnce() {
    var piece = PieceProgress()
    #expect(!piece.isUnderway)
    piece.begin(100)
    let news = [130, 100, 70, 80, 10, 10].map { piece.note(queued: $0) }
    #expect(news == [0, 0, 30, 0, 60, 0])
    #expect(piece.counted == 90 && piece.isUnderway)
    let last = piece.end()
    #expect(last == 10)
    #expect(piece.counted == 0 && !piece.isUnderway)
  }
}
