import NIOCore
import Testing

@testable import UploadServer

@Suite struct LingeringCloseStateMachineTests {
  private typealias Machine = LingeringCloseStateMachine
  private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
  private let mebibyte = 1 << 20

  private func machine(_ remainder: Machine.Remainder, _ limits: Machine.Limits = .full) -> Machine {
    Machine(remainder, limits: limits, at: start)
  }

  @Test func `The output is closed once, when the body is complete, and the connection 30 s later`() {
    var machine = machine(.body)
    var now = start
    for _ in 0..<10 {
      now = now + .milliseconds(400)
      machine.received(mebibyte, at: now)
      #expect(machine.action(at: now) == .wait(until: now + Machine.pause))
    }
    machine.end(at: now)
    #expect(machine.action(at: now) == .halfClose)
    #expect(machine.action(at: now) == .wait(until: now + Machine.closingTime))
    #expect(machine.action(at: now + Machine.closingTime) == .close)
  }

  @Test func `The output is closed when the client pauses, and the body is still read`() {
    var machine = machine(.body)
    #expect(machine.action(at: start) == .wait(until: start + Machine.pause))
    #expect(machine.action(at: start + Machine.pause) == .halfClose)
    #expect(machine.action(at: start + Machine.pause) == .wait(until: start + Machine.paceInterval))
    machine.received(mebibyte, at: start + .seconds(9))
    #expect(machine.action(at: start + .seconds(9)) == .wait(until: start + .seconds(19)))
  }

  @Test(arguments: [Machine.Remainder.nothing, .unknown])
  private func `The output is closed at once when nothing remains or the end of the input is unknown`(
    remainder: Machine.Remainder
  ) {
    var machine = machine(remainder)
    #expect(machine.action(at: start) == .halfClose)
    let time = remainder == .nothing ? Machine.closingTime : Machine.paceInterval
    #expect(machine.action(at: start) == .wait(until: start + time))
  }

  @Test func `A body of 1 GiB is discarded with up to 64 MiB of framing, and one more byte closes the connection`() {
    var machine = machine(.body)
    // In chunks of 8 KiB, each with eight bytes around it.
    for _ in 0..<1024 { machine.received(mebibyte + mebibyte / 8192 * 8, at: start) }
    #expect(machine.action(at: start) != .close)
    for _ in 0..<63 { machine.received(mebibyte, at: start) }
    #expect(machine.action(at: start) != .close)
    machine.received(1, at: start)
    #expect(machine.action(at: start) == .close)
  }

  @Test func `Discarding ends after 10 minutes, however steadily the body arrives`() {
    var machine = machine(.body)
    var now = start
    while now < start + .seconds(599) {
      now = now + .seconds(9)
      machine.received(mebibyte, at: now)
      if now < start + .minutes(10) { #expect(machine.action(at: now) != .close) }
    }
    #expect(machine.action(at: start + .minutes(10)) == .close)
  }

  @Test func `The connection is closed when less than 1 MiB of a discarded body arrives in 10 s`() {
    var machine = machine(.body)
    machine.received(mebibyte - 1, at: start + .seconds(9))
    #expect(machine.action(at: start + .milliseconds(9_999)) != .close)
    #expect(machine.action(at: start + .seconds(10)) == .close)
    machine = self.machine(.body)
    machine.received(mebibyte, at: start + .seconds(9))
    machine.received(mebibyte - 1, at: start + .seconds(18))
    #expect(machine.action(at: start + .milliseconds(18_999)) != .close)
    #expect(machine.action(at: start + .seconds(19)) == .close)
  }

  @Test(arguments: [
    (Machine.Limits.brief, TimeAmount.seconds(30)), (.response, .milliseconds(500)), (.stopping, .seconds(1)),
  ])
  private func `Limits brief, response and stopping allow 64 MiB within 30 s, 500 ms and 1 s`(
    limits: Machine.Limits,
    time: TimeAmount
  ) {
    var machine = machine(.body, limits)
    machine.received(64 * mebibyte, at: start)
    #expect(machine.action(at: start) != .close)
    #expect(machine.action(at: start + time - .nanoseconds(1)) != .close)
    #expect(machine.action(at: start + time) == .close)
    machine.received(1, at: start)
    #expect(machine.action(at: start) == .close)
  }

  @Test func `Of a request with a stale offset, 1 MiB is discarded`() {
    var machine = machine(.body, .stale)
    machine.received(mebibyte, at: start)
    #expect(machine.action(at: start) != .close)
    machine.received(1, at: start)
    #expect(machine.action(at: start) == .close)
  }
}
