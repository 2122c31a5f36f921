import NIOCore
import Testing

@testable import UploadServer

@Suite struct DownloadStateMachineTests {
  private typealias Machine = DownloadStateMachine
  private typealias Step = DownloadStateMachine.Step
  private static let first = DownloadPartSizes.sendfile.first

  private static func at(_ milliseconds: Int64) -> NIODeadline {
    .uptimeNanoseconds(1_000_000_000) + .milliseconds(milliseconds)
  }

  /// A machine whose file has been opened, and the step with which its response begins.
  private func begin(_ length: UInt64, _ transport: DownloadPartSizes.Transport?) -> (machine: Machine, step: Step) {
    var machine = Machine()
    machine.open()
    let isAwaited = machine.opened()
    #expect(isAwaited)
    let step = machine.begin(length: length, by: transport, at: Self.at(0))
    return (machine, step)
  }

  @Test(arguments: [0, 1, 65_536] as [UInt64])
  func `a body that is read already is written at once, and the connection is free afterwards`(length: UInt64) {
    var (machine, step) = begin(length, nil)
    #expect(step == Step(write: 0..<length))
    #expect(machine.written(at: Self.at(1)) == Step(end: .finished))
    #expect(machine.isIdle)
  }

  @Test func `an empty file is sent without preparing anything`() {
    var (machine, step) = begin(0, .sendfile)
    #expect(step == Step(write: 0..<0))
    #expect(machine.written(at: Self.at(1)) == Step(end: .finished))
  }

  @Test func `a part is written once it is prepared, and the next is prepared once it is written`() {
    let length = Self.first + 10
    var (machine, step) = begin(length, .sendfile)
    #expect(step == Step(prepare: 0..<Self.first))
    #expect(machine.prepared(Self.first, at: Self.at(1)) == Step(write: 0..<Self.first))
    #expect(machine.written(at: Self.at(2)) == Step(prepare: Self.first..<length))
    #expect(machine.sent == Self.first)
    #expect(machine.prepared(10, at: Self.at(3)) == Step(write: Self.first..<length))
    #expect(machine.written(at: Self.at(4)) == Step(end: .finished))
  }

  @Test func `for a fast client the next part is prepared while one is being written, and never more than one`() {
    var (machine, _) = begin(100 << 20, .sendfile)
    _ = machine.prepared(Self.first, at: Self.at(0))
    // Fast: the next part is twice as long.
    let second = Self.first..<3 * Self.first
    #expect(machine.written(at: Self.at(1)) == Step(prepare: second))
    let third = second.upperBound..<second.upperBound + 2 * Self.first
    #expect(machine.prepared(2 * Self.first, at: Self.at(1)) == Step(write: second, prepare: third))
    #expect(machine.prepared(2 * Self.first, at: Self.at(2)) == Step(), "it waits until the second is written")
    let fourth = third.upperBound..<third.upperBound + 4 * Self.first
    #expect(machine.written(at: Self.at(3)) == Step(write: third, prepare: fourth))
    #expect(machine.written(at: Self.at(4)) == Step(), "the fourth is still being prepared")
    #expect(machine.prepared(4 * Self.first, at: Self.at(5)).write == fourth)
  }

  @Test(arguments: [DownloadPartSizes.Transport.sendfile, .buffers])
  func `every byte of a body is written once, in order`(transport: DownloadPartSizes.Transport) {
    let length: UInt64 = (50 << 20) + 12_345
    var (machine, step) = begin(length, transport)
    var (now, written): (Int64, UInt64) = (0, 0)
    var (writing, preparing): (Range<UInt64>?, Range<UInt64>?) = (nil, nil)
    while step.end == nil, now < 100_000 {
      if let part = step.write {
        #expect(writing == nil && part.lowerBound == written)
        writing = part
      }
      if let part = step.prepare {
        #expect(preparing == nil)
        preparing = part
      }
      if machine.wantsLargeBuffers { machine.growBuffers() }
      now += 1
      if let part = preparing, now % 3 != 0 {
        preparing = nil
        step = machine.prepared(part.upperBound - part.lowerBound, at: Self.at(now))
      } else if let part = writing {
        (writing, written) = (nil, part.upperBound)
        step = machine.written(at: Self.at(now))
      } else {
        step = Step()
      }
    }
    #expect(step == Step(end: .finished) && written == length)
  }

  @Test(arguments: [0, 9] as [UInt64])
  func `a file that is shorter than announced is aborted, and none of its part is written`(count: UInt64) {
    for transport in [DownloadPartSizes.Transport.sendfile, .buffers] {
      var (machine, _) = begin(10, transport)
      #expect(machine.prepared(count, at: Self.at(1)) == Step(end: .aborted))
      #expect(machine.prepared(nil, at: Self.at(1)) == Step(), "nothing follows the end")
    }
  }

  @Test func `a part that cannot be read aborts the download`() {
    var (machine, _) = begin(10, .buffers)
    #expect(machine.prepared(nil, at: Self.at(1)) == Step(end: .aborted))
  }

  @Test func `buffers of a stream may have any length, but not more than is left`() {
    var (machine, step) = begin(10, .stream)
    #expect(step.prepare?.lowerBound == 0)
    #expect(machine.prepared(4, at: Self.at(1)) == Step(write: 0..<4))
    #expect(machine.written(at: Self.at(2)).prepare?.lowerBound == 4)
    #expect(machine.prepared(6, at: Self.at(3)) == Step(write: 4..<10))
    #expect(machine.written(at: Self.at(4)) == Step(end: .finished))
    (machine, _) = begin(10, .stream)
    #expect(machine.prepared(11, at: Self.at(1)) == Step(end: .aborted))
    (machine, _) = begin(10, .stream)
    #expect(machine.prepared(0, at: Self.at(1)) == Step(end: .aborted), "it ended early")
  }

  @Test func `where sendfile is not supported the same bytes are read into buffers`() {
    var (machine, _) = begin(1 << 20, .sendfile)
    #expect(machine.cannotUseSendfile() == Step(prepare: 0..<DownloadPartSizes.buffer.small))
    #expect(machine.transport == .buffers)
    #expect(machine.prepared(DownloadPartSizes.buffer.small, at: Self.at(1)).write?.lowerBound == 0)
  }

  @Test func `progress within a part follows from what is queued`() {
    var (machine, _) = begin(100, .sendfile)
    _ = machine.prepared(100, at: Self.at(0))
    #expect(machine.sent == 0)
    #expect(machine.observed(queued: 60, hasRoom: false) == nil)
    #expect(machine.sent == 40)
    #expect(machine.observed(queued: 1000, hasRoom: false) == nil)
    #expect(machine.sent == 0, "the headers are queued too")
  }

  @Test func `a part of which nothing more goes out although the socket is empty is checked`() {
    var (machine, _) = begin(100, .sendfile)
    _ = machine.prepared(100, at: Self.at(0))
    #expect(machine.observed(queued: 60, hasRoom: true) == nil, "the first observation")
    #expect(machine.observed(queued: 60, hasRoom: false) == nil, "the client reads nothing")
    #expect(machine.observed(queued: 50, hasRoom: true) == nil, "it moved")
    #expect(machine.observed(queued: 50, hasRoom: true) == 0..<100)
    var (buffered, _) = begin(100, .buffers)
    _ = buffered.prepared(100, at: Self.at(0))
    _ = buffered.observed(queued: 60, hasRoom: true)
    #expect(buffered.observed(queued: 60, hasRoom: true) == nil, "its bytes are in memory")
  }

  @Test func `a file that is opened after the connection was closed is not sent`() {
    var machine = Machine()
    machine.open()
    #expect(machine.close() == Step())
    let isAwaited = machine.opened()
    #expect(!isAwaited)
  }

  @Test func `a closed connection aborts the running download, once`() {
    var (machine, _) = begin(100, .sendfile)
    #expect(machine.close() == Step(end: .aborted))
    #expect(machine.close() == Step())
    #expect(machine.written(at: Self.at(1)) == Step())
    #expect(machine.cannotUseSendfile() == Step())
  }
}

@Suite struct DownloadPartSizesTests {
  @Test func `parts for sendfile grow up to 4 MiB for a fast client and shrink to 128 KiB for a slow one`() {
    var sizes = DownloadPartSizes(.sendfile)
    #expect(sizes.length == 512 << 10 && !sizes.preparesAhead)
    for _ in 0..<10 { sizes.noteSent(in: .milliseconds(200)) }
    #expect(sizes.length == 4 << 20 && sizes.preparesAhead)
    sizes.noteSent(in: .seconds(1))
    #expect(sizes.length == 4 << 20)
    for _ in 0..<10 { sizes.noteSent(in: .seconds(3)) }
    #expect(sizes.length == 128 << 10 && !sizes.preparesAhead)
  }

  @Test func `buffers are small until a client has read 16 MiB and the memory is granted`() {
    var sizes = DownloadPartSizes(.buffers)
    sizes.noteSent(in: .zero)
    #expect(sizes.length == 32 << 10 && !sizes.preparesAhead)
    #expect(!sizes.wantsLargeBuffers(sent: DownloadPartSizes.fastFrom - 1))
    #expect(sizes.wantsLargeBuffers(sent: DownloadPartSizes.fastFrom))
    sizes.growBuffers()
    #expect(sizes.length == 256 << 10 && sizes.preparesAhead)
    #expect(!sizes.wantsLargeBuffers(sent: .max))
  }
}
