import NIOCore
import Testing
import UploadCore

@testable import UploadServer

@Suite struct ConnectionStateMachineTests {
  private typealias Machine = ConnectionStateMachine
  private typealias Part = RequestPart

  /// The phases of a connection, reached as a connection reaches them.
  enum Phase: CaseIterable {
    case idle, forwarding, forwardingEnded, forwardingResponded, receiving, storing, skipping, lingering

    var isForwarding: Bool { [.forwarding, .forwardingEnded, .forwardingResponded].contains(self) }
  }

  private static let head = Part.head(isLast: false)
  private static let idleTime = TimeAmount.seconds(30)
  private static let headerTime = TimeAmount.seconds(20)

  private static func at(_ seconds: Int64) -> NIODeadline {
    .uptimeNanoseconds(1_000_000_000) + .seconds(seconds)
  }

  private static func machine() -> Machine {
    Machine(idleTime: idleTime, headerTime: headerTime, at: at(0))
  }

  private static func request(keepAlive: Bool = true, length: BodyLength = .known(10)) -> CurrentRequest {
    var request = CurrentRequest()
    (request.keepAlive, request.length) = (keepAlive, length)
    return request
  }

  private static func machine(in phase: Phase) -> Machine {
    var machine = machine()
    guard phase != .idle else { return machine }
    #expect(machine.receive(head, canRespond: true, at: at(0)) == .route)
    machine.begin(request(keepAlive: phase != .lingering))
    switch phase {
    case .idle: break
    case .forwarding, .forwardingEnded, .forwardingResponded:
      machine.forwardRequest()
      if phase == .forwardingEnded { #expect(machine.receive(.end, canRespond: true, at: at(0)) == .forward) }
      if phase == .forwardingResponded { machine.endForwardedResponse(at: at(0)) }
    case .receiving: machine.beginUpload()
    case .storing:
      machine.beginUpload()
      #expect(machine.receive(.end, canRespond: true, at: at(0)) == .endBody)
    case .skipping: #expect(machine.respond(isTimeout: false, at: at(0)) == .nextRequest)
    case .lingering: #expect(machine.respond(isTimeout: false, at: at(0)) == .linger(.body, bodyHasEnded: false))
    }
    return machine
  }

  // MARK: Requests

  @Test(arguments: Phase.allCases)
  func `Only a new request waits, and only while another is being served`(phase: Phase) {
    for part in [Self.head, .body(1), .end] {
      var machine = Self.machine(in: phase)
      let waits = part == Self.head && phase != .idle && phase != .lingering
      let action = machine.receive(part, canRespond: true, at: Self.at(0))
      #expect((action == .wait) == waits, "\(part)")
    }
  }

  @Test(arguments: [
    (Phase.idle, RequestPhase.PartAction.discard, RequestPhase.PartAction.discard), (.forwarding, .forward, .forward),
    (.forwardingEnded, .forward, .forward), (.forwardingResponded, .forward, .forward),
    (.receiving, .deliver, .endBody), (.storing, .discard, .discard), (.skipping, .discard, .finishSkipping),
    (.lingering, .discard, .finishLingering),
  ])
  private func `Every part of a body has its action`(
    phase: Phase,
    body: RequestPhase.PartAction,
    end: RequestPhase.PartAction
  ) {
    var machine = Self.machine(in: phase)
    #expect(machine.receive(.body(10), canRespond: true, at: Self.at(0)) == body)
    machine = Self.machine(in: phase)
    #expect(machine.receive(.end, canRespond: true, at: Self.at(0)) == end)
  }

  @Test func `A forwarded request is over once it has ended and is responded to, in either order`() {
    var machine = Self.machine(in: .forwardingEnded)
    #expect(machine.isForwarding)
    machine.endForwardedResponse(at: Self.at(0))
    #expect(machine.isAtRest)

    machine = Self.machine(in: .forwardingResponded)
    #expect(machine.isForwarding)
    #expect(machine.receive(.end, canRespond: true, at: Self.at(0)) == .forward)
    #expect(machine.isAtRest)
  }

  @Test func `What is pipelined waits for its turn, in order`() {
    var machine = Self.machine(in: .storing)
    for part in [Self.head, .body(3), .end, Self.head] {
      #expect(machine.receive(part, canRespond: true, at: Self.at(0)) == .wait)
    }
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .nextRequest)
    #expect(machine.beginDraining() == true)
    #expect(machine.beginDraining() == false, "the outer loop goes on")
    #expect(machine.receiveQueued(Self.head, canRespond: true) == .route)
    machine.begin(Self.request())
    machine.beginUpload()
    #expect(machine.receiveQueued(.body(3), canRespond: true) == .deliver)
    #expect(machine.request.received == 3)
    #expect(machine.receiveQueued(.end, canRespond: true) == .endBody)
    #expect(machine.receiveQueued(Self.head, canRespond: true) == nil, "the second is not stored yet")
    #expect(machine.endDraining() == false, "Hummingbird got nothing")
    #expect(!machine.isAtRest)
  }

  @Test func `A client that takes no responses is served no further request`() {
    var machine = Self.machine()
    #expect(machine.receive(Self.head, canRespond: false, at: Self.at(0)) == .wait)
    #expect(machine.waitsForClient)
    #expect(machine.beginDraining() == true)
    #expect(machine.receiveQueued(Self.head, canRespond: false) == nil)
    #expect(machine.endDraining() == false)
    #expect(machine.beginDraining() == true)
    #expect(machine.receiveQueued(Self.head, canRespond: true) == .route)
    machine.forwardRequest()
    #expect(machine.endDraining() == true, "Hummingbird looks at it when a read is complete")
  }

  @Test func `100 Continue is sent once, when there is room`() {
    var machine = Self.machine()
    var request = Self.request()
    request.expectsContinue = true
    #expect(machine.receive(Self.head, canRespond: true, at: Self.at(0)) == .route)
    machine.begin(request)
    #expect(machine.continues(hasRoom: true) == false, "not an upload yet")
    machine.beginUpload()
    #expect(machine.continues(hasRoom: false) == false)
    #expect(machine.continues(hasRoom: true) == true)
    #expect(machine.continues(hasRoom: true) == false)
  }

  // MARK: Responses

  @Test(
    arguments: [
      (true, 0 as UInt64, true), (true, 1, true), (true, RequestPhase.skipLimit, true),
      (true, RequestPhase.skipLimit + 1, false), (true, .max, false), (false, 0, false), (false, 1, false),
    ]
  )
  func `The rest of a rejected body is skipped when it is short, else the connection ends`(
    keepAlive: Bool,
    remaining: UInt64,
    skips: Bool
  ) {
    for isReceiving in [false, true] {
      var machine = Self.machine()
      #expect(machine.receive(Self.head, canRespond: true, at: Self.at(0)) == .route)
      machine.begin(Self.request(keepAlive: keepAlive, length: remaining == 0 ? .none : .known(remaining)))
      if isReceiving { machine.beginUpload() }
      let expected: Machine.NextStep =
        skips ? .nextRequest : .linger(remaining == 0 ? .nothing : .body, bodyHasEnded: false)
      #expect(machine.respond(isTimeout: false, at: Self.at(0)) == expected)
      #expect(machine.isLingering == !skips)
    }
  }

  @Test func `A body of unknown length, and one that may not be sent, end the connection`() {
    var machine = Self.machine(in: .idle)
    #expect(machine.receive(Self.head, canRespond: true, at: Self.at(0)) == .route)
    machine.begin(Self.request(length: .chunked))
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .linger(.body, bodyHasEnded: false))

    machine = Self.machine(in: .idle)
    var request = Self.request(length: .known(1))
    request.expectsContinue = true
    #expect(machine.receive(Self.head, canRespond: true, at: Self.at(0)) == .route)
    machine.begin(request)
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .linger(.unknown, bodyHasEnded: false))
  }

  @Test func `After the last response everything is discarded, and nothing follows the end`() {
    var machine = Self.machine(in: .lingering)
    #expect(machine.receive(.body(1 << 40), canRespond: true, at: Self.at(0)) == .discard)
    #expect(!machine.ignoresInput)
    #expect(machine.receive(.end, canRespond: true, at: Self.at(0)) == .finishLingering)
    #expect(machine.ignoresInput)
    #expect(machine.receive(Self.head, canRespond: true, at: Self.at(0)) == .discard)
  }

  @Test func `A timeout ends the connection, and so does a stored upload of a client that wants it`() {
    var machine = Self.machine(in: .storing)
    #expect(machine.respond(isTimeout: true, at: Self.at(0)) == .linger(.nothing, bodyHasEnded: false))
    machine = Self.machine(in: .storing)
    machine.request.keepAlive = false
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .linger(.nothing, bodyHasEnded: false))
    machine = Self.machine(in: .storing)
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .nextRequest)
    #expect(machine.isAtRest)
  }

  @Test func `A request that says it is the last is the last`() {
    var machine = Self.machine()
    #expect(machine.receive(.head(isLast: true), canRespond: true, at: Self.at(0)) == .route)
    machine.begin(Self.request(keepAlive: false))
    machine.beginUpload()
    #expect(!machine.ignoresInput)
    #expect(machine.receive(.end, canRespond: true, at: Self.at(0)) == .endBody)
    #expect(machine.ignoresInput)
  }

  // MARK: Reading

  @Test(arguments: Phase.allCases)
  func `Each phase reads for its own reasons`(phase: Phase) {
    func reads(_ hasRoom: Bool, _ isWritable: Bool) -> Bool {
      var machine = Self.machine(in: phase)
      return machine.reads(hasRoom: hasRoom, isWritable: isWritable)
    }
    #expect(reads(true, true) == (phase != .storing))
    #expect(reads(false, true) == (phase != .storing && phase != .receiving), "no room")
    #expect(reads(true, false) == (phase != .storing && phase != .idle), "the client takes no responses")
  }

  @Test func `A read that was held is made up for once`() {
    var machine = Self.machine(in: .storing)
    #expect(machine.reads(hasRoom: true, isWritable: true) == false)
    #expect(machine.resumesReading(hasRoom: true, isWritable: true) == false)
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .nextRequest)
    #expect(machine.resumesReading(hasRoom: true, isWritable: true) == true)
    #expect(machine.resumesReading(hasRoom: true, isWritable: true) == false)
  }

  // MARK: Time

  @Test func `A connection at rest is closed when it is idle, unless a response is not read yet`() {
    var machine = Self.machine()
    #expect(machine.deadline(paceDeadline: nil) == Self.at(30))
    #expect(machine.timerFired(hasUnreadResponse: false, at: Self.at(29)) == .none)
    #expect(machine.timerFired(hasUnreadResponse: true, at: Self.at(30)) == .none)
    #expect(machine.deadline(paceDeadline: nil) == Self.at(60))
    #expect(machine.timerFired(hasUnreadResponse: false, at: Self.at(60)) == .close)
  }

  @Test func `Headers have their own time, from their first byte`() {
    var machine = Self.machine()
    machine.bytesArrived(at: Self.at(5))
    #expect(machine.bytesDecoded() == true, "the timer is set for them")
    machine.bytesArrived(at: Self.at(9))
    #expect(machine.bytesDecoded() == false, "once")
    #expect(machine.deadline(paceDeadline: nil) == Self.at(25))
    #expect(machine.timerFired(hasUnreadResponse: false, at: Self.at(24)) == .none)
    #expect(machine.timerFired(hasUnreadResponse: false, at: Self.at(25)) == .rejectLateHeaders)
    machine.rejectUnfinishedHeaders(of: ClientAddress(nil))
    #expect(machine.respond(isTimeout: true, at: Self.at(25)) == .linger(.unknown, bodyHasEnded: false))
    #expect(machine.deadline(paceDeadline: nil) == nil)
  }

  @Test func `Bytes of a body are no headers`() {
    var machine = Self.machine(in: .receiving)
    machine.bytesArrived(at: Self.at(5))
    #expect(machine.bytesDecoded() == false)
    #expect(machine.deadline(paceDeadline: Self.at(7)) == Self.at(7))
    #expect(machine.timerFired(hasUnreadResponse: false, at: Self.at(100)) == .checkPace)
  }

  @Test func `The rest of a rejected body has 30 s, however it trickles`() {
    var machine = Self.machine(in: .skipping)
    #expect(machine.receive(.body(1), canRespond: true, at: Self.at(29)) == .discard)
    #expect(machine.deadline(paceDeadline: nil) == Self.at(30))
    #expect(machine.timerFired(hasUnreadResponse: false, at: Self.at(30)) == .close)
  }

  // MARK: Ends

  @Test(arguments: Phase.allCases)
  func `A shutdown is held back from Hummingbird while an upload is served`(phase: Phase) {
    var machine = Self.machine(in: phase)
    let holds = phase == .receiving || phase == .storing || phase == .skipping
    #expect(machine.stop() == (phase == .lingering ? .close : holds ? .hold : .forward))
    #expect(machine.stop() == .ignore)
    #expect(machine.isStopping && !machine.keepsConnection)
  }

  @Test func `A shutdown that was held comes when the request is finished, and only then`() {
    var machine = Self.machine(in: .skipping)
    #expect(machine.stop() == .hold)
    #expect(machine.takeHeldEvents() == (false, false))
    _ = machine.endGrace()
    #expect(machine.receive(.end, canRespond: true, at: Self.at(0)) == .finishSkipping)
    #expect(machine.takeHeldEvents() == (true, false))
    #expect(machine.takeHeldEvents() == (false, false))
  }

  @Test(arguments: Phase.allCases)
  func `The end of the input is for Hummingbird between requests only`(phase: Phase) {
    var machine = Self.machine(in: phase)
    let expected: ConnectionEnd.Action =
      switch phase {
      case .idle: .forward
      case .lingering: .close
      case .receiving: .failUpload
      case .forwarding, .forwardingEnded, .forwardingResponded, .storing, .skipping: .hold
      }
    #expect(machine.closeInput() == expected)
  }

  @Test func `After the end of the input what was pipelined is served, and the last response closes`() {
    var machine = Self.machine(in: .storing)
    #expect(machine.receive(Self.head, canRespond: true, at: Self.at(0)) == .wait)
    #expect(machine.receive(.end, canRespond: true, at: Self.at(0)) == .wait)
    #expect(machine.closeInput() == .hold)
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .nextRequest)
    #expect(machine.beginDraining() == true)
    #expect(machine.receiveQueued(Self.head, canRespond: true) == .route)
    machine.begin(Self.request(length: .none))
    machine.beginUpload()
    #expect(machine.receiveQueued(.end, canRespond: true) == .endBody)
    #expect(machine.endDraining() == false)
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .close)
  }

  @Test func `A close waits until all responses are sent, or the grace period ends`() {
    var machine = Self.machine(in: .forwardingEnded)
    #expect(machine.holdsClose() == false, "the server does not stop")
    #expect(machine.stop() == .forward)
    #expect(machine.holdsClose() == false, "nothing is on its way")
    machine.endForwardedResponse(at: Self.at(0))
    #expect(machine.holdsClose() == true)
    #expect(machine.responseSent(at: Self.at(1)) == true)

    machine = Self.machine(in: .forwardingEnded)
    machine.endForwardedResponse(at: Self.at(0))
    #expect(machine.stop() == .forward)
    #expect(machine.holdsClose() == true)
    #expect(machine.endGrace() == true)
    #expect(machine.holdsClose() == false)
  }

  @Test(arguments: Phase.allCases)
  func `Input that cannot be read is rejected when its turn comes`(phase: Phase) {
    var machine = Self.machine(in: phase)
    let error = UploadError(.badRequest, "no HTTP")
    let expected: ConnectionEnd.Action =
      switch phase {
      case .idle: .reject
      case .receiving: .failUpload
      case .skipping: .close
      case .forwarding, .forwardingEnded, .forwardingResponded, .storing, .lingering: .ignore
      }
    #expect(machine.fail(error, of: ClientAddress(nil)) == expected)
    #expect(machine.ignoresInput)
    #expect(machine.takeUnreadable() == nil)
    guard phase == .forwardingEnded else { return }
    machine.endForwardedResponse(at: Self.at(0))
    #expect(machine.takeUnreadable()?.code == .badRequest)
    #expect(machine.takeUnreadable() == nil)
  }

  @Test func `A connection that ends between requests is no error`() {
    var machine = Self.machine()
    #expect(machine.fail(UploadError(.incomplete, "end"), of: ClientAddress(nil)) == .ignore)
  }
}
