import NIOCore
import Testing

@testable import UploadServer

@Suite struct RawConnectionStateMachineTests {
  private static func at(_ seconds: Int64) -> NIODeadline {
    .uptimeNanoseconds(1_000_000_000) + .seconds(seconds)
  }

  private static func machine() -> RawConnectionStateMachine {
    RawConnectionStateMachine(idleDeadline: at(30))
  }

  @Test func `The first bytes begin the upload, and FIN ends it`() {
    var machine = Self.machine()
    #expect(machine.receive() == true)
    #expect(machine.receive() == false)
    #expect(machine.closeInput() == .endBody)
    #expect(machine.receive() == nil)
    #expect(machine.closeInput() == .ignore)
    #expect(machine.respond() == .closeWhenSent)
    #expect(machine.closeInput() == .close)
    #expect(machine.respond() == .ignore)
  }

  @Test func `FIN without a byte before it is rejected`() {
    var machine = Self.machine()
    #expect(machine.closeInput() == .reject)
  }

  @Test func `After a response before FIN the connection lingers, and further input is discarded`() {
    var machine = Self.machine()
    #expect(machine.receive() == true)
    #expect(machine.respond() == .linger)
    #expect(machine.receive() == nil, "discarded")
  }

  @Test func `Reads are blocked only while an upload has no room`() {
    var machine = Self.machine()
    #expect(machine.reads(hasRoom: true) == true)
    #expect(machine.reads(hasRoom: false) == false)
    #expect(machine.resumesReading(hasRoom: false) == false)
    #expect(machine.resumesReading(hasRoom: true) == true)
    #expect(machine.resumesReading(hasRoom: true) == false, "once")
    #expect(machine.respond() == .linger)
    #expect(machine.reads(hasRoom: false) == true)
  }

  @Test func `A stop closes a connection without a running upload, and otherwise begins the grace period`() {
    var machine = Self.machine()
    #expect(machine.stop() == .close)
    #expect(machine.stop() == .ignore)
    machine = Self.machine()
    #expect(machine.receive() == true)
    #expect(machine.stop() == .startGrace)
    #expect(machine.isStopping)
    machine = Self.machine()
    #expect(machine.receive() == true)
    #expect(machine.closeInput() == .endBody)
    #expect(machine.stop() == .startGrace)
    machine = Self.machine()
    #expect(machine.respond() == .linger)
    #expect(machine.stop() == .close)
  }

  @Test func `A connection without a byte is idle at its deadline; one with an upload has a pace deadline until FIN`() {
    var machine = Self.machine()
    #expect(machine.deadline(paceDeadline: nil) == Self.at(30))
    #expect(!machine.isIdle(at: Self.at(29)))
    #expect(machine.isIdle(at: Self.at(30)))
    machine = Self.machine()
    #expect(machine.receive() == true)
    #expect(machine.deadline(paceDeadline: Self.at(7)) == Self.at(7))
    #expect(!machine.isIdle(at: Self.at(100)))
    #expect(machine.closeInput() == .endBody)
    #expect(!machine.isIdle(at: Self.at(100)))
    #expect(machine.deadline(paceDeadline: nil) == nil, "storing may take any time")
    #expect(machine.respond() == .closeWhenSent)
    #expect(machine.deadline(paceDeadline: nil) == nil)
  }
}
