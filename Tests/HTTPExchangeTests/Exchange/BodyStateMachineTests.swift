import NIOCore
import Testing
import UploadCore

@testable import HTTPExchange

extension BodyStateMachine {
  /// The chunk was written, and the pause after it is over.
  mutating func advance() -> Action {
    let action = wroteOut(pause: .zero)
    return action == .pause(.zero) ? resumed() : action
  }
}

@Suite struct BodyStateMachineTests {
  private func machine(
    size: UInt64?,
    checkedTail: UInt64 = 3,
    hasTail: Bool = true,
    readsChunks: Bool = false
  ) -> BodyStateMachine {
    BodyStateMachine(
      .init(size: size, chunkSize: 10, checkedTail: checkedTail, hasTail: hasTail, readsChunks: readsChunks)
    )
  }

  @Test func `a file is sent in chunks, and its end waits for a check`() {
    var machine = machine(size: 25)
    #expect(!machine.hasBegun)
    #expect(machine.begin() == .write(0..<10))
    #expect(machine.hasBegun && machine.isWriting)
    #expect(machine.advance() == .write(10..<20))
    #expect(machine.advance() == .write(20..<22))
    #expect(machine.advance() == .check)
    #expect(machine.wait == nil && !machine.isWriting)
    #expect(machine.sentBytes == 22)
    #expect(machine.checked() == .write(22..<25))
    #expect(machine.advance() == .writeEnd)
    #expect(!machine.isSent)
    #expect(machine.advance() == .none)
    #expect(machine.isSent)
    #expect(machine.sentBytes == 25)
  }

  @Test(arguments: [1, 2, 3, 4, 9, 10, 11, 12, 13, 14, 20, 23, 24, 100] as [UInt64])
  func `chunks cover a file of any size without gaps, and its last three bytes follow a check`(size: UInt64) {
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
        action = machine.advance()
      case .none, .read, .writeEnd, .pause: Issue.record("\(action)")
      }
    }
    #expect(end == size)
    #expect(checkedAt == size - min(3, size))
    #expect(action == .writeEnd)
  }

  @Test func `an empty file is checked before the end of the body is sent`() {
    var machine = machine(size: 0)
    #expect(machine.begin() == .check)
    #expect(machine.checked() == .writeEnd)
    #expect(machine.advance() == .none)
    #expect(machine.isSent)
  }

  /// The server may respond as soon as it has the last byte: nothing may be left to do between that byte and the end.
  @Test func `a body without a tail counts as sent once its last byte is written`() {
    var machine = machine(size: 5, hasTail: false)
    #expect(machine.begin() == .write(0..<2))
    #expect(machine.advance() == .check)
    #expect(machine.checked() == .write(2..<5))
    #expect(machine.wroteOut(pause: .seconds(1)) == .none)
    #expect(machine.isSent)
    var empty = self.machine(size: 0, hasTail: false)
    #expect(empty.begin() == .none)
    #expect(empty.isSent && empty.hasBegun)
  }

  @Test func `content in memory is sent without a check`() {
    var machine = machine(size: 15, checkedTail: 0)
    #expect(machine.begin() == .write(0..<10))
    #expect(machine.advance() == .write(10..<15))
    #expect(machine.advance() == .writeEnd)
    var empty = self.machine(size: 0, checkedTail: 0)
    #expect(empty.begin() == .writeEnd)
  }

  @Test func `a stream is read and written in turn until it ends`() {
    var machine = machine(size: nil, checkedTail: 0)
    #expect(machine.begin() == .read(nil))
    #expect(machine.wait == .input)
    #expect(machine.didRead(7) == .write(0..<7))
    #expect(machine.wait == .peer)
    #expect(machine.advance() == .read(nil))
    #expect(machine.didRead(5) == .write(7..<12))
    #expect(machine.advance() == .read(nil))
    #expect(machine.didRead(0) == .writeEnd)
    #expect(machine.advance() == .none)
    #expect(machine.isSent && machine.sentBytes == 12)
  }

  @Test func `a file that sendfile cannot send is read in chunks`() {
    var machine = machine(size: 15, readsChunks: true)
    #expect(machine.begin() == .read(0..<10))
    #expect(machine.wait == .disk && !machine.isWriting)
    #expect(machine.didRead(10) == .write(0..<10))
    #expect(machine.wait == .peer && machine.isWriting)
    #expect(machine.advance() == .read(10..<12))
    #expect(machine.didRead(2) == .write(10..<12))
    #expect(machine.advance() == .check)
    #expect(machine.checked() == .read(12..<15))
    #expect(machine.didRead(3) == .write(12..<15))
    #expect(machine.advance() == .writeEnd)
  }

  @Test func `the next chunk is written after the pause that the rate limit asks for`() {
    var machine = machine(size: 25, checkedTail: 0)
    #expect(machine.begin() == .write(0..<10))
    #expect(machine.wroteOut(pause: .seconds(2)) == .pause(.seconds(2)))
    #expect(machine.wait == .limit && machine.sentBytes == 10)
    #expect(machine.resumed() == .write(10..<20))
    #expect(machine.wroteOut(pause: .zero) == .pause(.zero))
    #expect(machine.wait == nil)
  }

  @Test func `chunks are smaller under a limit of the user, and end where planned ones do after it`() {
    var machine = machine(size: 35, checkedTail: 0)
    machine.chunkLimit = 4
    #expect(machine.begin() == .write(0..<4))
    #expect(machine.advance() == .write(4..<8))
    machine.chunkLimit = .max
    #expect(machine.advance() == .write(8..<10))
    #expect(machine.advance() == .write(10..<20))
    machine.chunkLimit = 100
    #expect(machine.wroteOut(pause: .seconds(2)) == .pause(.seconds(2)) && machine.isLimited)
    #expect(machine.resumed() == .write(20..<30) && !machine.isLimited)
    #expect(machine.advance() == .write(30..<35))
  }

  @Test func `after a stop in the middle of a chunk, no event causes an action`() {
    var machine = machine(size: 25)
    #expect(machine.begin() == .write(0..<10))
    machine.stop()
    #expect(machine.wroteOut(pause: .zero) == .none)
    #expect(machine.resumed() == .none)
    #expect(machine.checked() == .none)
    #expect(machine.didRead(4) == .none)
    #expect(machine.begin() == .none)
    #expect(machine.wait == nil && !machine.isSent && !machine.isWriting)
    #expect(machine.sentBytes == 10)
  }

  @Test func `a part of a file is sent by its offsets in the file, without an end of its own`() {
    var machine = BodyStateMachine(.init(start: 100, size: 125, chunkSize: 10, checkedTail: 3, hasTail: false))
    #expect(machine.position == 100 && machine.sentBytes == 0)
    #expect(machine.begin() == .write(100..<110))
    #expect(machine.advance() == .write(110..<120))
    #expect(machine.position == 110 && machine.sentBytes == 10)
    #expect(machine.advance() == .write(120..<122))
    #expect(machine.advance() == .check)
    #expect(machine.checked() == .write(122..<125))
    #expect(machine.advance() == .none)
    #expect(machine.isSent && machine.position == 125 && machine.sentBytes == 25)
  }

  @Test func `a request without a body, or with an empty part, is sent with its headers`() {
    for offset in [0, 125] as [UInt64] {
      var machine = BodyStateMachine(.init(start: offset, size: offset, chunkSize: 10, checkedTail: 3, hasTail: false))
      #expect(machine.begin() == .none)
      #expect(machine.isSent && machine.position == offset)
    }
  }

  @Test func `a stop after the whole body was sent leaves it sent`() {
    var machine = machine(size: 0, checkedTail: 0)
    _ = machine.begin()
    _ = machine.advance()
    machine.stop()
    #expect(machine.isSent)
  }

  @Test func `bytes of a chunk that the socket accepts are counted at once, also after a stop`() {
    var machine = machine(size: 25, checkedTail: 0)
    _ = machine.begin()
    var hasMoved = [6, 6].map { machine.observed(queued: $0) }
    #expect(machine.sentBytes == 4)
    machine.stop()
    hasMoved.append(machine.observed(queued: 1))
    #expect(hasMoved == [true, false, true])
    #expect(machine.sentBytes == 9)
  }

  @Test func `repeated observations count each byte of a chunk once, and never count back`() {
    var machine = BodyStateMachine(.init(size: 200, chunkSize: 100, checkedTail: 0, hasTail: true))
    #expect(machine.currentChunkSize == 0)
    #expect(machine.begin() == .write(0..<100))
    let counts = [130, 100, 70, 80, 10, 10].map { queued in
      let hasMoved = machine.observed(queued: queued)
      return (hasMoved, machine.sentBytes)
    }
    #expect(counts.map { $0.0 } == [false, false, true, false, true, false])
    #expect(counts.map { $0.1 } == [0, 0, 30, 30, 90, 90])
    #expect(machine.currentChunkSize == 100)
    #expect(machine.wroteOut(pause: .zero) == .pause(.zero))
    #expect(machine.sentBytes == 100 && machine.currentChunkSize == 0)
  }
}
