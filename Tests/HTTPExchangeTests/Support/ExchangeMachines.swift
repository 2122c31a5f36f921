import NIOCore
import Testing
import UploadCore

@testable import HTTPExchange

extension ExchangeStateMachine {
  /// An instant for tests in which time does not matter.
  private static let instant = NIODeadline.uptimeNanoseconds(1)

  mutating func connected() -> Action { connected(at: Self.instant) }
  mutating func sentHead() -> Action { sentHead(at: Self.instant) }
  mutating func checked() -> Action { checked(at: Self.instant) }
  mutating func didRead(_ count: Int) -> Action { didRead(count, at: Self.instant) }
  mutating func responded(_ status: Int) -> Action { responded(.init(status: status, reason: ""), at: Self.instant) }
  mutating func responseContinued(_ text: String) -> Action { responseContinued(.init(string: text), at: Self.instant) }
  mutating func responseEnded() -> Action { responseEnded(at: Self.instant) }

  /// What was written last is accepted, and the pause after it is over.
  mutating func advance(at now: NIODeadline = instant) -> Action {
    let action = wroteOut(at: now)
    return action == .body(.pause(.zero)) ? resumed(at: now) : action
  }
}

/// Machines of exchanges, and what is expected of their ends: for suites about ``ExchangeStateMachine``.
protocol ExchangeMachineTesting {}

extension ExchangeMachineTesting {
  /// 25 bytes in chunks of 10, of which the last 3 wait for a check.
  static var file: BodyStateMachine.Plan { .init(size: 25, chunkSize: 10, checkedTail: 3, hasTail: true) }
  /// No body at all.
  static var nothing: BodyStateMachine.Plan { .init(size: 0, chunkSize: 10, checkedTail: 0, hasTail: false) }
  /// The most of a response's body that is kept, in bytes.
  static var bodyLimit: Int { 8 }
  static var memory: BodyStateMachine.Plan { .init(size: 10, chunkSize: 10, checkedTail: 0, hasTail: true) }

  func machine(
    _ body: BodyStateMachine.Plan,
    asks: Bool = false,
    acceptsSeeOther: Bool = false,
    change: (inout ExchangeStateMachine.Plan) -> Void = { _ in }
  ) -> ExchangeStateMachine {
    var plan = ExchangeStateMachine.Plan(
      body: body,
      idleTimeout: .seconds(60),
      responseTimeout: .seconds(300),
      bodyLimit: Self.bodyLimit
    )
    plan.continueTimeout = asks ? .seconds(1) : nil
    plan.acceptsSeeOther = acceptsSeeOther
    change(&plan)
    var machine = ExchangeStateMachine(plan)
    #expect(machine.connected() == .sendHead)
    #expect(machine.connected() == .none)
    return machine
  }

  /// A machine whose whole body is sent.
  func sentMachine(_ body: BodyStateMachine.Plan, acceptsSeeOther: Bool = false) -> ExchangeStateMachine {
    var machine = machine(body, acceptsSeeOther: acceptsSeeOther)
    var action = machine.sentHead()
    while action != .none {
      action = action == .body(.check) ? machine.checked() : machine.advance()
    }
    #expect(machine.body.isSent)
    return machine
  }

  func response(
    _ status: Int,
    _ extent: ExchangeResponse.Extent = .complete
  ) -> ExchangeStateMachine.Outcome {
    .response(ExchangeResponse(status: status).closing(extent))
  }

  /// Expects that the connection is closed and that the response with `status` is then the result.
  func expectEnd(
    _ action: ExchangeStateMachine.Action,
    _ machine: inout ExchangeStateMachine,
    resets: Bool,
    status: Int,
    _ extent: ExchangeResponse.Extent = .complete
  ) {
    #expect(action == .close(resets: resets))
    #expect(machine.disconnected() == .report(response(status, extent)))
    #expect(machine.disconnected() == .none)
  }

  /// Expects that the connection is closed and that `failure` is then the result.
  func expectEnd(
    _ action: ExchangeStateMachine.Action,
    _ machine: inout ExchangeStateMachine,
    resets: Bool = true,
    failure: ExchangeFailure
  ) {
    #expect(action == .close(resets: resets))
    #expect(machine.disconnected() == .report(.failure(failure)))
    #expect(machine.disconnected() == .none)
  }
}
