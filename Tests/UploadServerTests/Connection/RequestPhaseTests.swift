import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Testing

@testable import UploadServer

@Suite struct RequestPhaseTests {
  private static let head = HTTPRequestPart.head(
    HTTPRequest(method: .put, scheme: "http", authority: "localhost", path: "/a")
  )
  private static let body = HTTPRequestPart.body(ByteBuffer(repeating: 0, count: 1))
  private static let forwarding = RequestPhase.forwarding(requestEnded: false, responded: false)
  private static let all: [RequestPhase] = [
    .idle, forwarding, .forwarding(requestEnded: true, responded: false),
    .forwarding(requestEnded: false, responded: true), .downloading(requestEnded: false),
    .downloading(requestEnded: true), .receiving, .storing, .skipping, .lingering,
  ]

  @Test(arguments: all)
  func `A request head waits for the request before it and for unread responses, except when lingering`(
    phase: RequestPhase
  ) {
    for canRespond in [false, true] {
      #expect(!phase.mustWait(Self.body, canRespond: canRespond))
      #expect(!phase.mustWait(.end(nil), canRespond: canRespond))
    }
    #expect(phase.mustWait(Self.head, canRespond: true) == (phase != .idle && phase != .lingering))
    #expect(phase.mustWait(Self.head, canRespond: false) == (phase != .lingering))
  }

  @Test(arguments: [
    (RequestPhase.receiving, RequestPhase.PartAction.endBody, RequestPhase.storing),
    (.skipping, .finishSkipping, .idle), (.lingering, .finishLingering, .lingering), (.idle, .discard, .idle),
    (.storing, .discard, .storing), (forwarding, .forward, .forwarding(requestEnded: true, responded: false)),
    (.forwarding(requestEnded: false, responded: true), .forward, .idle),
    (.downloading(requestEnded: false), .discard, .downloading(requestEnded: true)),
  ])
  func `The end of a request ends receiving and skipping, and forwarding once it is responded to`(
    phase: RequestPhase,
    action: RequestPhase.PartAction,
    next: RequestPhase
  ) {
    var phase = phase
    #expect(phase.receive(.end(nil)) == action)
    #expect(phase == next)
  }

  @Test(arguments: all)
  func `A chunk is delivered, forwarded or discarded, and does not change the phase`(phase: RequestPhase) {
    var after = phase
    let action = after.receive(Self.body)
    #expect(after == phase)
    let expected: RequestPhase.PartAction =
      phase == .receiving ? .deliver : phase.isForwarding ? .forward : .discard
    #expect(action == expected)
  }

  @Test func `A request head that arrives when idle is to be routed, and only forwarding it changes the phase`() {
    var phase = RequestPhase.idle
    #expect(phase.receive(Self.head) == .route)
    #expect(phase == .idle)
    phase.forward()
    #expect(phase == Self.forwarding)
  }

  @Test func `The end of Hummingbird's response ends forwarding only after the end of the request`() {
    var phase = Self.forwarding
    phase.endForwardedResponse()
    #expect(phase == .forwarding(requestEnded: false, responded: true))
    phase = .forwarding(requestEnded: true, responded: false)
    phase.endForwardedResponse()
    #expect(phase == .idle)
    phase = .receiving
    phase.endForwardedResponse()
    #expect(phase == .receiving)
  }

  @Test(arguments: all)
  func `A response that ends the connection leads from every phase to lingering`(phase: RequestPhase) {
    var phase = phase
    #expect(phase.respond(remaining: 0, mayContinue: false) == false)
    #expect(phase == .lingering)
  }

  @Test(arguments: [RequestPhase.idle, .receiving])
  func `Up to 1 MiB of a rejected body is skipped; a longer or unknown rest leads to lingering`(before: RequestPhase) {
    for remaining in [0, 1, RequestPhase.skipLimit] {
      var phase = before
      #expect(phase.respond(remaining: remaining, mayContinue: true) == true)
      #expect(phase == .skipping)
    }
    let tooLong: [UInt64?] = [RequestPhase.skipLimit + 1, nil]
    for remaining in tooLong {
      var phase = before
      #expect(phase.respond(remaining: remaining, mayContinue: true) == false)
      #expect(phase == .lingering)
    }
  }

  @Test(arguments: [false, true])
  func `A request for no file is handed over to Hummingbird with all that has arrived of it`(requestEnded: Bool) {
    var phase = RequestPhase.downloading(requestEnded: requestEnded)
    #expect(phase.handOver() == requestEnded)
    #expect(phase == .forwarding(requestEnded: requestEnded, responded: false))
  }

  @Test func `After a download the connection is idle, or skips the end of the request`() {
    var phase = RequestPhase.downloading(requestEnded: true)
    #expect(phase.respond(remaining: 0, mayContinue: true) == true)
    #expect(phase == .idle)
    phase = .downloading(requestEnded: false)
    #expect(phase.respond(remaining: 0, mayContinue: true) == true)
    #expect(phase == .skipping)
  }

  @Test func `After the response to a stored upload the connection is idle`() {
    var phase = RequestPhase.storing
    #expect(phase.respond(remaining: 0, mayContinue: true) == true)
    #expect(phase == .idle)
  }

  @Test(arguments: all)
  func `Reads are blocked without room for a body, by unread responses when idle, and always while storing`(
    phase: RequestPhase
  ) {
    #expect(phase.allowsRead(hasRoom: true, isWritable: true) == (phase != .storing))
    #expect(phase.allowsRead(hasRoom: false, isWritable: true) == (phase != .storing && phase != .receiving))
    #expect(phase.allowsRead(hasRoom: true, isWritable: false) == (phase != .storing && phase != .idle))
  }
}
