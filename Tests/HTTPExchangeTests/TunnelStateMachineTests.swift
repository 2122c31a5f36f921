import Testing

@testable import HTTPExchange

@Suite struct TunnelStateMachineTests {
  @Test(arguments: [200, 204, 299])
  func `2xx opens the tunnel once its read is complete`(status: Int) {
    var machine = TunnelStateMachine()
    #expect(machine.readCompleted() == .none)
    #expect(machine.responded(status, "") == .none)
    #expect(machine.readCompleted() == .open)
    #expect(machine.disconnected() == .none)
    #expect(machine.timedOut() == .none)
  }

  @Test(arguments: [300, 403, 407, 502, 999])
  func `any other final status is a rejection`(status: Int) {
    var machine = TunnelStateMachine()
    #expect(machine.responded(status, "No") == .fail(.rejected(status: status, reason: "No")))
    #expect(machine.bodyReceived() == .none)
    #expect(machine.readCompleted() == .none)
    #expect(machine.disconnected() == .none)
  }

  @Test func `bytes behind the response in the same read are an error`() {
    var machine = TunnelStateMachine()
    #expect(machine.responded(200, "") == .none)
    #expect(machine.malformed() == .fail(.malformed))
    #expect(machine.readCompleted() == .none)
  }

  @Test func `a second response or a body behind 200 is an error`() {
    var machine = TunnelStateMachine()
    var other = machine
    #expect(machine.responded(200, "") == .none)
    #expect(machine.responded(200, "") == .fail(.malformed))
    #expect(other.responded(200, "") == .none)
    #expect(other.bodyReceived() == .fail(.malformed))
  }

  @Test func `up to 16 informational responses are ignored, the next one is an error`() {
    var machine = TunnelStateMachine()
    for _ in 0..<16 { #expect(machine.responded(102, "") == .none) }
    var other = machine
    #expect(machine.responded(200, "") == .none)
    #expect(other.responded(100, "") == .fail(.malformed))
  }

  @Test func `101 is an error`() {
    var machine = TunnelStateMachine()
    #expect(machine.responded(101, "") == .fail(.malformed))
  }

  @Test func `the end of the connection and of the time are failures`() {
    var machine = TunnelStateMachine()
    var other = machine
    #expect(machine.disconnected() == .fail(.disconnected))
    #expect(machine.responded(200, "") == .none)
    #expect(machine.readCompleted() == .none)
    #expect(other.timedOut() == .fail(.timedOut))
    #expect(other.malformed() == .none)
  }
}
