import NIOCore
import Testing

@testable import UploadServer

@Suite struct RawConnectionStateMachineTests {
  private static func at(_ seconds: Int64) -> NIODeadline {
    .uptimeNanoseconds(1_000_000_000) + .seconds(seconds)
  }

  private static func machine() -> RawConnectionStateMachine {
    RawConnectionStateMachine(idleTime: .seconds(30), at: at(0))
  }

  @Test func `The first bytes begin the upload, and FIN ends it`() {
    var machine = Self.machine()
    #expect(machine.receive(at: Self.at(1)) == true)
    #expect(machine.receive(at: Self.at(2)) == false)
    #expect(machine.closeInput() == .endBody)
    #expect(machine.receive(at: Self.at(3)) == nil)
    #expect(machine.closeInput() == .ignore)
    #expect(machine.respond() == .closeWhenSent)
    #expect(machine.closeInput() == .close)
    #expect(machine.respond() == .ignore)
  }

  @Test func `A connection without a byte is rejected`() {
    var machine = Self.machine()
    #expect(machine.closeInput() == .reject)
  }

  @Test func `A response before FIN is followed by a lingering close`() {
    var machine = Self.machine()
    #expect(machine.receive(at: Self.at(1)) == true)
    #expect(machine.respond() == .linger)
    #expect(machine.receive(at: Self.at(1)) == nil, "discarded")
  }

  @Test func `Reads are held only while an upload has no room`() {
    var machine = Self.machine()
    #expect(machine.reads(hasRoom: true) == true)
    #expect(machine.reads(hasRoom: false) == false)
    #expect(machine.resumesReading(hasRoom: false) == false)
    #expect(machine.resumesReading(hasRoom: true) == true)
    #expect(machine.resumesReading(hasRoom: true) == false, "once")
    #expect(machine.respond() == .linger)
    #expect(machine.reads(hasRoom: false) == true)
  }

  @Test func `A stop closes what has no upload, and gives a running one its grace period`() {
    var machine = Self.machine()
    #expect(machine.stop() == true)
    #expect(machine.stop() == nil)
    machine = Self.machine()
    #expect(machine.receive(at: Self.at(0)) == true)
    #expect(machine.stop() == false)
    #expect(machine.isStopping)
    machine = Self.machine()
    #expect(machine.respond() == .linger)
    #expect(machine.stop() == true)
  }

  @Test func `An idle connection is closed; of an upload the pace is checked instead`() {
    var machine = Self.machine()
    #expect(machine.deadline(paceDeadline: nil) == Self.at(30))
    #expect(machine.timerFired(at: Self.at(29)) == false)
    #expect(machine.timerFired(at: Self.at(30)) == true)
    machine = Self.machine()
    #expect(machine.receive(at: Self.at(0)) == true)
    #expect(machine.deadline(paceDeadline: Self.at(7)) == Self.at(7))
    #expect(machine.timerFired(at: Self.at(100)) == false)
    #expect(machine.closeInput() == .endBody)
    #expect(machine.timerFired(at: Self.at(100)) == false)
    #expect(machine.deadline(paceDeadline: nil) == Self.at(130))
    #expect(machine.respond() == .closeWhenSent)
    #expect(machine.deadline(paceDeadline: nil) == nil)
  }
}
