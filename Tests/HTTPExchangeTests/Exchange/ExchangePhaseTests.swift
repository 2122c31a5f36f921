import NIOCore
import Testing
import UploadCore

@testable import HTTPExchange

/// What the exchange reports as its phase: what observers see it wait for.
@Suite struct ExchangePhaseTests: ExchangeMachineTesting {
  @Test func `the phase of a stream shows whether input, the rate limit, the peer or the response is awaited`() {
    var machine = machine(BodyStateMachine.Plan(size: nil, chunkSize: 0, checkedTail: 0, hasTail: true), asks: true)
    #expect(machine.phase == .waiting)
    _ = machine.sentHead()
    #expect(machine.phase == .waiting)
    #expect(machine.responded(100) == .body(.read(nil)))
    #expect(machine.phase == .input)
    _ = machine.didRead(10)
    #expect(machine.phase == .waiting)
    _ = machine.wroteOut(pause: .seconds(1), at: .uptimeNanoseconds(1))
    #expect(machine.phase == .limit)
    _ = machine.resumed(at: .uptimeNanoseconds(1))
    _ = machine.didRead(5)
    #expect(machine.phase == .peer)
    _ = machine.advance()
    _ = machine.didRead(0)
    _ = machine.advance()
    #expect(machine.phase == .response)
    _ = machine.responded(201)
    #expect(machine.phase == .response)
    _ = machine.responseEnded()
    #expect(machine.phase == .finishing)
  }

  @Test func `the phase of a sent file is response until the response is complete, then finishing`() {
    var machine = machine(BodyStateMachine.Plan(size: 10, chunkSize: 10, checkedTail: 3, hasTail: true))
    #expect(machine.sentHead() == .body(.write(0..<7)))
    _ = machine.advance()
    _ = machine.checked()
    _ = machine.advance()
    #expect(machine.phase == .peer)
    _ = machine.advance()
    #expect(machine.phase == .response)
    _ = machine.responded(201)
    #expect(machine.phase == .response)
    #expect(machine.responseEnded() == .body(.check))
    #expect(machine.phase == .finishing)
  }
}
