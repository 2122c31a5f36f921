import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Testing
import UploadCore
import UploadStorage

@testable import UploadServer

@Suite struct ConnectionStateMachineTests {
  private typealias Machine = ConnectionStateMachine

  /// The phases of a connection; ``machine(in:)`` reaches each by the events that lead there.
  enum Phase: CaseIterable {
    case idle, forwarding, forwardingEnded, forwardingResponded, receiving, storing, skipping, lingering

    var isForwarding: Bool { [.forwarding, .forwardingEnded, .forwardingResponded].contains(self) }
  }

  private static let head = HTTPRequestPart.head(
    HTTPRequest(method: .put, scheme: "http", authority: "localhost", path: "/a")
  )
  private static let lastHead = HTTPRequestPart.head(
    HTTPRequest(
      method: .put,
      scheme: "http",
      authority: "localhost",
      path: "/a",
      headerFields: [.connection: "close"]
    )
  )
  private static let end = HTTPRequestPart.end(nil)

  private static func body(_ count: Int) -> HTTPRequestPart {
    .body(ByteBuffer(repeating: 0, count: count))
  }

  private static func at(_ seconds: Int64) -> NIODeadline {
    .uptimeNanoseconds(1_000_000_000) + .seconds(seconds)
  }

  /// With an idle time of 30 s and a header time of 20 s.
  private static func machine() throws -> Machine {
    let queue = RequestQueue(budget: try MemoryBudget(limit: 64 << 20))
    return Machine(limits: ConnectionTimeLimits(UploadLimits(), at: at(0)), queue: queue)
  }

  private static func request(keepAlive: Bool = true, length: BodyLength = .known(10)) -> CurrentRequest {
    var request = CurrentRequest()
    (request.keepAlive, request.length) = (keepAlive, length)
    return request
  }

  private static func machine(in phase: Phase) throws -> Machine {
    var machine = try machine()
    guard phase != .idle else { return machine }
    #expect(machine.receive(head, canRespond: true, at: at(0)) == .route)
    machine.begin(request(keepAlive: phase != .lingering))
    switch phase {
    case .idle: break
    case .forwarding, .forwardingEnded, .forwardingResponded:
      machine.phase.forward()
      if phase == .forwardingEnded { #expect(machine.receive(end, canRespond: true, at: at(0)) == .forward) }
      if phase == .forwardingResponded { machine.endForwardedResponse(at: at(0)) }
    case .receiving: machine.phase = .receiving
    case .storing:
      machine.phase = .receiving
      #expect(machine.receive(end, canRespond: true, at: at(0)) == .endBody)
    case .skipping: #expect(machine.respond(isTimeout: false, at: at(0)) == .nextRequest)
    case .lingering: #expect(machine.respond(isTimeout: false, at: at(0)) == .linger(.body))
    }
    return machine
  }

  // MARK: Requests

  @Test(arguments: Phase.allCases)
  func `With all responses read, a request head waits only while another request is served or skipped`(phase: Phase)
    throws
  {
    for part in [Self.head, Self.body(1), Self.end] {
      var machine = try Self.machine(in: phase)
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
  private func `The phase decides whether chunks and ends of requests are forwarded, delivered or discarded`(
    phase: Phase,
    body: RequestPhase.PartAction,
    end: RequestPhase.PartAction
  ) throws {
    var machine = try Self.machine(in: phase)
    #expect(machine.receive(Self.body(10), canRespond: true, at: Self.at(0)) == body)
    machine = try Self.machine(in: phase)
    #expect(machine.receive(Self.end, canRespond: true, at: Self.at(0)) == end)
  }

  @Test func `A forwarded request is over once it has ended and is responded to, in either order`() throws {
    var machine = try Self.machine(in: .forwardingEnded)
    #expect(machine.isForwarding)
    machine.endForwardedResponse(at: Self.at(0))
    #expect(machine.isAtRest)

    machine = try Self.machine(in: .forwardingResponded)
    #expect(machine.isForwarding)
    #expect(machine.receive(Self.end, canRespond: true, at: Self.at(0)) == .forward)
    #expect(machine.isAtRest)
  }

  @Test func `Requests pipelined behind an upload are served after its response, one after the other`() throws {
    var machine = try Self.machine(in: .storing)
    for part in [Self.head, Self.body(3), Self.end, Self.head] {
      #expect(machine.receive(part, canRespond: true, at: Self.at(0)) == .wait)
    }
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .nextRequest)
    #expect(machine.queue.beginDraining() == true)
    #expect(machine.queue.beginDraining() == false, "the outer loop continues")
    #expect(machine.receiveQueued(canRespond: true)?.action == .route)
    machine.begin(Self.request())
    machine.phase = .receiving
    #expect(machine.receiveQueued(canRespond: true)?.action == .deliver)
    #expect(machine.request.received == 3)
    #expect(machine.receiveQueued(canRespond: true)?.action == .endBody)
    #expect(machine.receiveQueued(canRespond: true)?.action == nil, "the second is not stored yet")
    #expect(machine.queue.endDraining() == true)
    #expect(!machine.isForwarding, "Hummingbird got nothing")
    #expect(!machine.isAtRest)
  }

  @Test func `While a client does not read responses, its next request waits in the queue`() throws {
    var machine = try Self.machine()
    #expect(machine.receive(Self.head, canRespond: false, at: Self.at(0)) == .wait)
    #expect(machine.waitsForClient)
    #expect(machine.queue.beginDraining() == true)
    #expect(machine.receiveQueued(canRespond: false)?.action == nil)
    #expect(machine.queue.endDraining() == true)
    #expect(machine.queue.beginDraining() == true)
    #expect(machine.receiveQueued(canRespond: true)?.action == .route)
    machine.phase.forward()
    #expect(machine.queue.endDraining() == true)
    #expect(machine.isForwarding, "Hummingbird looks at it when a read is complete")
  }

  @Test func `100 Continue is sent once for an upload, and not before there is room`() throws {
    var machine = try Self.machine()
    var request = Self.request()
    request.expectsContinue = true
    #expect(machine.receive(Self.head, canRespond: true, at: Self.at(0)) == .route)
    machine.begin(request)
    #expect(machine.continues(hasRoom: true) == false, "not an upload yet")
    machine.phase = .receiving
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
  func `With keep-alive up to 1 MiB of a rejected body is skipped, otherwise the connection lingers`(
    keepAlive: Bool,
    remaining: UInt64,
    skips: Bool
  ) throws {
    for isReceiving in [false, true] {
      var machine = try Self.machine()
      #expect(machine.receive(Self.head, canRespond: true, at: Self.at(0)) == .route)
      machine.begin(Self.request(keepAlive: keepAlive, length: remaining == 0 ? .none : .known(remaining)))
      if isReceiving { machine.phase = .receiving }
      let expected: Machine.NextStep =
        skips ? .nextRequest : .linger(remaining == 0 ? .nothing : .body)
      #expect(machine.respond(isTimeout: false, at: Self.at(0)) == expected)
      #expect(machine.isLingering == !skips)
    }
  }

  @Test func `Rejecting a chunked body, or one whose client waits for 100 Continue, ends the connection`() throws {
    var machine = try Self.machine(in: .idle)
    #expect(machine.receive(Self.head, canRespond: true, at: Self.at(0)) == .route)
    machine.begin(Self.request(length: .chunked))
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .linger(.body))

    machine = try Self.machine(in: .idle)
    var request = Self.request(length: .known(1))
    request.expectsContinue = true
    #expect(machine.receive(Self.head, canRespond: true, at: Self.at(0)) == .route)
    machine.begin(request)
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .linger(.unknown))
  }

  @Test func `After the last response the rest of the body is discarded, and all input after it ignored`() throws {
    var machine = try Self.machine(in: .lingering)
    #expect(machine.receive(Self.body(1 << 20), canRespond: true, at: Self.at(0)) == .discard)
    #expect(!machine.input.isIgnored)
    #expect(machine.receive(Self.end, canRespond: true, at: Self.at(0)) == .finishLingering)
    #expect(machine.input.isIgnored)
    #expect(machine.receive(Self.head, canRespond: true, at: Self.at(0)) == .discard)
  }

  @Test func `After an upload the connection is kept, except after a 408 or without keep-alive`() throws {
    var machine = try Self.machine(in: .storing)
    #expect(machine.respond(isTimeout: true, at: Self.at(0)) == .linger(.nothing))
    machine = try Self.machine(in: .storing)
    machine.request.keepAlive = false
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .linger(.nothing))
    machine = try Self.machine(in: .storing)
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .nextRequest)
    #expect(machine.isAtRest)
  }

  @Test func `Input behind a request with Connection: close is ignored`() throws {
    var machine = try Self.machine()
    #expect(machine.receive(Self.lastHead, canRespond: true, at: Self.at(0)) == .route)
    machine.begin(Self.request(keepAlive: false))
    machine.phase = .receiving
    #expect(!machine.input.isIgnored)
    #expect(machine.receive(Self.end, canRespond: true, at: Self.at(0)) == .endBody)
    #expect(machine.input.isIgnored)
  }

  // MARK: Reading

  @Test(arguments: Phase.allCases)
  func `Only a body without room, unread responses between requests, and storing prevent a read`(phase: Phase) throws {
    func reads(_ hasRoom: Bool, _ isWritable: Bool) throws -> Bool {
      var machine = try Self.machine(in: phase)
      return machine.reads(hasRoom: hasRoom, isWritable: isWritable)
    }
    #expect(try reads(true, true) == (phase != .storing))
    #expect(try reads(false, true) == (phase != .storing && phase != .receiving), "no room")
    #expect(try reads(true, false) == (phase != .storing && phase != .idle), "the client does not read responses")
  }

  @Test func `A read that is blocked while an upload is stored is performed once, after the response`() throws {
    var machine = try Self.machine(in: .storing)
    #expect(machine.reads(hasRoom: true, isWritable: true) == false)
    #expect(machine.resumesReading(hasRoom: true, isWritable: true) == false)
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .nextRequest)
    #expect(machine.resumesReading(hasRoom: true, isWritable: true) == true)
    #expect(machine.resumesReading(hasRoom: true, isWritable: true) == false)
  }

  // MARK: Time

  @Test func `A connection at rest is closed as idle; while a response is unread, the timeout begins anew`() throws {
    var machine = try Self.machine()
    #expect(machine.deadline(paceDeadline: nil) == Self.at(30))
    #expect(machine.timerFired(hasUnreadResponse: false, at: Self.at(29)) == .none)
    #expect(machine.timerFired(hasUnreadResponse: true, at: Self.at(30)) == .none)
    #expect(machine.deadline(paceDeadline: nil) == Self.at(60))
    #expect(machine.timerFired(hasUnreadResponse: false, at: Self.at(60)) == .close)
  }

  @Test func `Headers are rejected as late when they are incomplete 20 s after their first byte`() throws {
    var machine = try Self.machine()
    machine.bytesArrived(at: Self.at(5))
    #expect(machine.bytesDecoded() == true, "the timer is set for them")
    machine.bytesArrived(at: Self.at(9))
    #expect(machine.bytesDecoded() == false, "once")
    #expect(machine.deadline(paceDeadline: nil) == Self.at(25))
    #expect(machine.timerFired(hasUnreadResponse: false, at: Self.at(24)) == .none)
    #expect(machine.timerFired(hasUnreadResponse: false, at: Self.at(25)) == .rejectLateHeaders)
    machine.rejectUnfinishedHeaders(of: ClientAddress(nil))
    #expect(machine.respond(isTimeout: true, at: Self.at(25)) == .linger(.unknown))
    #expect(machine.deadline(paceDeadline: nil) == nil)
  }

  @Test func `Bytes of an upload's body do not begin the time limit of headers`() throws {
    var machine = try Self.machine(in: .receiving)
    machine.bytesArrived(at: Self.at(5))
    #expect(machine.bytesDecoded() == false)
    #expect(machine.deadline(paceDeadline: Self.at(7)) == Self.at(7))
    #expect(machine.timerFired(hasUnreadResponse: false, at: Self.at(100)) == .checkPace)
  }

  @Test func `The connection closes when the rest of a rejected body takes 30 s, even if it keeps arriving`() throws {
    var machine = try Self.machine(in: .skipping)
    #expect(machine.receive(Self.body(1), canRespond: true, at: Self.at(29)) == .discard)
    #expect(machine.deadline(paceDeadline: nil) == Self.at(30))
    #expect(machine.timerFired(hasUnreadResponse: false, at: Self.at(30)) == .close)
  }

  // MARK: Ends

  @Test(arguments: Phase.allCases)
  func `A shutdown is postponed in uploads and skipping, closes when lingering, else is forwarded`(phase: Phase) throws
  {
    var machine = try Self.machine(in: phase)
    let isPostponed = phase == .receiving || phase == .storing || phase == .skipping
    #expect(machine.stop() == (phase == .lingering ? .close : isPostponed ? .postpone : .forward))
    #expect(machine.stop() == .ignore)
    #expect(machine.isStopping && !machine.keepsConnection)
  }

  @Test func `A postponed shutdown is forwarded once, when the request is finished`() throws {
    var machine = try Self.machine(in: .skipping)
    #expect(machine.stop() == .postpone)
    #expect(machine.takeDeferredEvents() == (false, false))
    _ = machine.end.endGrace()
    #expect(machine.receive(Self.end, canRespond: true, at: Self.at(0)) == .finishSkipping)
    #expect(machine.takeDeferredEvents() == (true, false))
    #expect(machine.takeDeferredEvents() == (false, false))
  }

  @Test(arguments: Phase.allCases)
  func `FIN is forwarded when idle, fails a body, closes when lingering, else is postponed`(phase: Phase) throws {
    var machine = try Self.machine(in: phase)
    let expected: ConnectionEnd.Action =
      switch phase {
      case .idle: .forward
      case .lingering: .close
      case .receiving: .failUpload
      case .forwarding, .forwardingEnded, .forwardingResponded, .storing, .skipping: .postpone
      }
    #expect(machine.closeInput() == expected)
  }

  @Test func `Requests pipelined before FIN are served, and the last response closes the connection`() throws {
    var machine = try Self.machine(in: .storing)
    #expect(machine.receive(Self.head, canRespond: true, at: Self.at(0)) == .wait)
    #expect(machine.receive(Self.end, canRespond: true, at: Self.at(0)) == .wait)
    #expect(machine.closeInput() == .postpone)
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .nextRequest)
    #expect(machine.queue.beginDraining() == true)
    #expect(machine.receiveQueued(canRespond: true)?.action == .route)
    machine.begin(Self.request(length: .none))
    machine.phase = .receiving
    #expect(machine.receiveQueued(canRespond: true)?.action == .endBody)
    #expect(machine.queue.endDraining() == true)
    #expect(machine.respond(isTimeout: false, at: Self.at(0)) == .close)
  }

  @Test func `During a shutdown a close waits until all responses are sent, or the grace period ends`() throws {
    var machine = try Self.machine(in: .forwardingEnded)
    #expect(machine.end.defersClose() == false, "the server does not stop")
    #expect(machine.stop() == .forward)
    #expect(machine.end.defersClose() == false, "all responses are sent")
    machine.endForwardedResponse(at: Self.at(0))
    #expect(machine.end.defersClose() == true)
    #expect(machine.responseSent(at: Self.at(1)) == true)

    machine = try Self.machine(in: .forwardingEnded)
    machine.endForwardedResponse(at: Self.at(0))
    #expect(machine.stop() == .forward)
    #expect(machine.end.defersClose() == true)
    #expect(machine.end.endGrace() == true)
    #expect(machine.end.defersClose() == false)
  }

  @Test(arguments: Phase.allCases)
  func `Malformed input is rejected when idle or after forwarding, and fails an incomplete upload`(phase: Phase) throws
  {
    var machine = try Self.machine(in: phase)
    let error = UploadError(.badRequest, "no HTTP")
    let expected: ConnectionEnd.Action =
      switch phase {
      case .idle: .reject
      case .receiving: .failUpload
      case .skipping: .close
      case .forwarding, .forwardingEnded, .forwardingResponded, .storing, .lingering: .ignore
      }
    #expect(machine.fail(error, of: ClientAddress(nil)) == expected)
    #expect(machine.input.isIgnored)
    #expect(machine.takeUnreadable() == nil)
    guard phase == .forwardingEnded else { return }
    machine.endForwardedResponse(at: Self.at(0))
    #expect(machine.takeUnreadable()?.error.code == .badRequest)
    #expect(machine.takeUnreadable() == nil)
  }

  @Test func `An error about the early end of the input is ignored between requests`() throws {
    var machine = try Self.machine()
    #expect(machine.fail(UploadError(.incomplete, "end"), of: ClientAddress(nil)) == .ignore)
  }
}
