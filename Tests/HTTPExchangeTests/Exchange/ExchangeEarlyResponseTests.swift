import NIOCore
import Testing
import UploadCore

@testable import HTTPExchange

/// Responses that arrive before the whole body is sent.
@Suite struct ExchangeEarlyResponseTests: ExchangeMachineTesting {
  @Test func `a rejection instead of 100 Continue leaves the body unsent`() {
    var machine = machine(Self.file, asks: true)
    _ = machine.sentHead()
    #expect(machine.responded(413) == .none)
    #expect(machine.timerFired(at: .uptimeNanoseconds(1) + .seconds(5)) == .none)
    let action = machine.responseEnded()
    expectEnd(action, &machine, resets: true, status: 413)
    #expect(!machine.body.hasBegun)
  }

  @Test func `a rejection in the middle of a chunk stops the body and closes with a reset`() {
    var machine = machine(Self.file)
    #expect(machine.sentHead() == .body(.write(0..<10)))
    #expect(machine.responded(413) == .none)
    #expect(machine.advance() == .none)
    let action = machine.responseEnded()
    expectEnd(action, &machine, resets: true, status: 413)
  }

  @Test func `a rejection is the result even if its body is interrupted or malformed`() {
    var cut = machine(Self.file)
    _ = cut.sentHead()
    _ = cut.responded(500)
    #expect(cut.disconnected() == .report(response(500, .interrupted)))
    var malformed = machine(Self.file)
    _ = malformed.sentHead()
    _ = malformed.responded(500)
    let action = malformed.responseMalformed()
    expectEnd(action, &malformed, resets: true, status: 500, .interrupted)
  }

  @Test func `a rejection that exceeds the limit on its body closes the connection`() {
    var machine = machine(Self.file)
    _ = machine.sentHead()
    _ = machine.responded(500)
    #expect(machine.responseContinued(String(repeating: "x", count: Self.bodyLimit)) == .none)
    #expect(machine.responseContinued("x") == .close(resets: true))
  }

  @Test func `the body continues after an early success`() {
    var machine = machine(Self.memory)
    #expect(machine.sentHead() == .body(.write(0..<10)))
    #expect(machine.responded(200) == .none)
    #expect(machine.responseEnded() == .none)
    #expect(machine.advance() == .body(.writeEnd))
    let action = machine.advance()
    expectEnd(action, &machine, resets: false, status: 200)
  }

  @Test func `an early success instead of 100 Continue begins the body`() {
    var machine = machine(Self.memory, asks: true)
    _ = machine.sentHead()
    #expect(machine.responded(200) == .body(.write(0..<10)))
    #expect(machine.responseEnded() == .none)
    #expect(machine.advance() == .body(.writeEnd))
    let action = machine.advance()
    expectEnd(action, &machine, resets: false, status: 200)
  }

  @Test func `an early success is a failure when the connection is lost before the rest is sent`() {
    var machine = machine(Self.file)
    _ = machine.sentHead()
    _ = machine.responded(200)
    _ = machine.responseEnded()
    #expect(machine.disconnected() == .report(.failure(.earlySuccess(status: 200))))
  }

  @Test func `an early success is a failure at once where the plan does not accept it`() {
    var machine = machine(Self.memory) { $0.acceptsEarlySuccess = false }
    #expect(machine.sentHead() == .body(.write(0..<10)))
    let action = machine.responded(200)
    expectEnd(action, &machine, resets: true, failure: .earlySuccess(status: 200))
    #expect(machine.advance() == .none)
    var rejected = self.machine(Self.memory) { $0.acceptsEarlySuccess = false }
    _ = rejected.sentHead()
    #expect(rejected.responded(503) == .none)
    let end = rejected.responseEnded()
    expectEnd(end, &rejected, resets: true, status: 503)
  }
}
