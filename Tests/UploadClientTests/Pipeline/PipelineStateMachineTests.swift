import HTTPExchange
import NIOCore
import Testing
import UploadTestSupport

@testable import UploadClient

@Suite struct PipelineStateMachineTests {
  private typealias Fate = PipelineStateMachine.Fate

  private static let start = NIODeadline.uptimeNanoseconds(1)
  private static let created = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
  private static let last = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
  private static let lost = Fate.failed(.connectionLost, isBodySent: true)

  private func response(_ status: Int, _ reason: String, keeps: Bool = true) -> ExchangeResponse {
    ExchangeResponse(status: status, reason: reason, keepsConnection: keeps)
  }

  private var created: ExchangeResponse { response(201, "Created") }
  private var createdLast: ExchangeResponse { response(201, "Created", keeps: false) }

  /// A connection with `sent` requests of 10 bytes outstanding, of which the socket has accepted `written`.
  /// - Parameter responses: how many it had before.
  private func machine(
    responses: Int = 1,
    sent: Int,
    written: Int? = nil,
    _ configure: (inout PipelineStateMachine.Limits) -> Void = { _ in }
  ) -> PipelineStateMachine {
    var limits = PipelineStateMachine.Limits(
      idleTimeout: .seconds(60),
      responseTimeout: .seconds(300),
      longestIdleTime: .seconds(4)
    )
    configure(&limits)
    var machine = PipelineStateMachine(limits)
    for _ in 0..<responses {
      machine.sent(bytes: 10, at: Self.start)
      #expect(machine.wrote(at: Self.start) == 0)
      #expect(actions(&machine, Self.created) == [.respond(created)])
    }
    for _ in 0..<sent { machine.sent(bytes: 10, at: Self.start) }
    for index in 0..<(written ?? sent) { #expect(machine.wrote(at: Self.start) == index) }
    return machine
  }

  private func actions(_ machine: inout PipelineStateMachine, _ text: String) -> [PipelineStateMachine.Action] {
    actions(&machine, [Array(text.utf8)])
  }

  private func actions(_ machine: inout PipelineStateMachine, _ chunks: [[UInt8]]) -> [PipelineStateMachine.Action] {
    var actions: [PipelineStateMachine.Action] = []
    for chunk in chunks {
      machine.received(ByteBuffer(bytes: chunk), at: Self.start)
      var action = machine.nextAction(at: Self.start)
      while action != .none {
        actions.append(action)
        action = machine.nextAction(at: Self.start)
      }
    }
    return actions
  }

  private func end(
    _ fates: [Fate],
    resets: Bool = false,
    _ cause: PipelineStateMachine.Cause,
    responses: Int
  ) -> PipelineStateMachine.Action {
    .end(.init(fates: fates, resets: resets, cause: cause, responses: responses))
  }

  @Test func `one request is outstanding until the server has kept the connection`() {
    var machine = machine(responses: 0, sent: 0)
    #expect(machine.hasRoom(for: 10, depth: 32, isKept: false))
    machine.sent(bytes: 10, at: Self.start)
    #expect(!machine.hasRoom(for: 10, depth: 32, isKept: false) && !machine.isProven)
    // Unless other connections have shown it.
    #expect(machine.hasRoom(for: 10, depth: 32, isKept: true))
    #expect(machine.wrote(at: Self.start) == 0)
    #expect(actions(&machine, Self.created) == [.respond(created)])
    #expect(machine.isProven)
    for _ in 0..<32 {
      #expect(machine.hasRoom(for: 10, depth: 32, isKept: false))
      machine.sent(bytes: 10, at: Self.start)
    }
    #expect(!machine.hasRoom(for: 10, depth: 32, isKept: true))
  }

  @Test func `the number and the bytes of the requests outstanding are limited`() {
    func hasRoom(_ machine: PipelineStateMachine, _ bytes: Int, _ depth: Int = .max) -> Bool {
      machine.hasRoom(for: bytes, depth: depth, isKept: true)
    }
    let three = machine(sent: 3)
    #expect(!hasRoom(three, 1, 3) && hasRoom(three, 1, 4))
    let small = machine(sent: 2) { $0.bytes = 25 }
    #expect(!hasRoom(small, 6) && hasRoom(small, 5))
    // One that is larger than the limit is sent alone.
    let empty = machine(sent: 0) { $0.bytes = 25 }
    #expect(hasRoom(empty, 100, 1))
    let total = machine(sent: 1) { $0.total = 2 }
    #expect(!hasRoom(total, 1) && total.isUsedUp)
  }

  @Test func `responses in every split belong to the requests in their order`() {
    let text = Self.created + "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno" + Self.created
    var missing = response(404, "Not Found")
    missing.body = Array("no".utf8)
    for chunks in SplitFeeder.ways(Array(text.utf8)) {
      var machine = machine(sent: 3)
      #expect(actions(&machine, chunks) == [.respond(created), .respond(missing), .respond(created)])
      #expect(machine.isIdle && machine.deadline == nil)
    }
  }

  @Test func `requests behind an announced end are not processed, in every split of the response`() {
    for chunks in SplitFeeder.ways(Array((Self.created + Self.last).utf8)) {
      var machine = machine(sent: 4)
      #expect(
        actions(&machine, chunks) == [
          .respond(created),
          end([.responded(createdLast), .unprocessed, .unprocessed], .announced, responses: 3),
        ]
      )
      #expect(machine.disconnected() == .none)
    }
  }

  @Test func `a server that keeps no connection ends it with the first response`() {
    for text in [Self.last, "HTTP/1.0 201 Created\r\nContent-Length: 0\r\n\r\n"] {
      var machine = machine(responses: 0, sent: 1)
      #expect(actions(&machine, text) == [end([.responded(createdLast)], .announced, responses: 1)])
    }
    var machine = machine(responses: 0, sent: 1)
    #expect(actions(&machine, "HTTP/1.1 201 Created\r\n\r\n") == [])
    #expect(machine.disconnected() == end([.responded(createdLast)], .announced, responses: 1))
  }

  @Test func `a lost connection loses the requests that were sent, not those that were not`() {
    var machine = machine(sent: 4, written: 2)
    #expect(
      machine.disconnected()
        == end([Self.lost, Self.lost, .unprocessed, .unprocessed], resets: true, .lost, responses: 1)
    )
  }

  @Test func `a request is not repeated at once on connections that never have a response`() {
    var machine = machine(responses: 0, sent: 1, written: 0)
    #expect(
      machine.disconnected()
        == end([.failed(.connectionLost, isBodySent: false)], resets: true, .lost, responses: 0)
    )
  }

  @Test func `the connection may be lost at every position of the responses`() {
    let text = Array((Self.created + Self.created + "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nab").utf8)
    let (one, head) = (Self.created.utf8.count, text.count - 2)
    for count in 0..<text.count {
      var machine = machine(sent: 4)
      let responses = min(count / one, 2)
      #expect(actions(&machine, [Array(text.prefix(count))]).count == responses)
      var fates = Array(repeating: Self.lost, count: 4 - responses)
      if count >= head { fates[0] = .failed(.responseInterrupted(status: 201), isBodySent: true) }
      #expect(machine.disconnected() == end(fates, .lost, responses: 1 + responses))
    }
  }

  @Test func `a rejection counts although its rest is missing`() {
    var machine = machine(sent: 2)
    #expect(actions(&machine, "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nab") == [])
    var rejection = response(403, "Forbidden", keeps: false)
    rejection.body = Array("ab".utf8)
    #expect(
      machine.disconnected() == end([.responded(rejection.closing(.interrupted)), Self.lost], .lost, responses: 2)
    )
  }

  @Test func `bytes that belong to no request end the connection and nothing else`() {
    for text in [
      Self.created, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", "x", "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
      var machine = machine(sent: 0)
      #expect(actions(&machine, text) == [end([], .idle, responses: 1)])
    }
    var extra = machine(sent: 1)
    #expect(actions(&extra, Self.created + "garbage") == [.respond(created), end([], .idle, responses: 2)])
  }

  @Test func `408 on a connection that was idle leaves the requests unprocessed`() {
    let text = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    var machine = machine(sent: 2)
    #expect(actions(&machine, text) == [end([.unprocessed, .unprocessed], .idle, responses: 1)])
    // On a new connection it is a rejection like others.
    var new = self.machine(responses: 0, sent: 1)
    let rejection = response(408, "Request Timeout", keeps: false)
    #expect(actions(&new, text) == [end([.responded(rejection)], .announced, responses: 1)])
  }

  @Test func `what is no response fails the oldest request and loses the others`() {
    var machine = machine(sent: 3, written: 2)
    #expect(
      actions(&machine, "nonsense\r\n\r\n") == [
        end(
          [.failed(.malformedResponse, isBodySent: true), Self.lost, .unprocessed],
          resets: true,
          .lost,
          responses: 1
        )
      ]
    )
  }

  @Test func `64 informational responses are ignored, a 65th and 101 are malformed`() {
    let flood = String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 64)
    var machine = machine(sent: 2)
    #expect(actions(&machine, flood + Self.created + flood + Self.created) == [.respond(created), .respond(created)])
    let malformed = end([.failed(.malformedResponse, isBodySent: true)], .lost, responses: 1)
    for text in [flood + "HTTP/1.1 102 Processing\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n"] {
      var machine = self.machine(sent: 1)
      #expect(actions(&machine, text) == [malformed])
    }
  }

  @Test func `a rejection may arrive before the socket has accepted its request`() {
    var machine = machine(sent: 2, written: 0)
    let rejection = "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n"
    #expect(actions(&machine, rejection) == [.respond(response(413, "Payload Too Large"))])
    #expect(machine.wrote(at: Self.start) == nil)
    #expect(machine.wrote(at: Self.start) == 0)
    #expect(machine.disconnected() == end([Self.lost], .lost, responses: 2))
  }

  @Test func `a success counts only when the socket has accepted its request`() {
    var machine = machine(sent: 2, written: 0)
    #expect(actions(&machine, Self.created + Self.last) == [])
    #expect(machine.wrote(at: Self.start) == 0 && machine.nextAction(at: Self.start) == .respond(created))
    #expect(machine.nextAction(at: Self.start) == .none)
    #expect(machine.wrote(at: Self.start) == 0)
    #expect(machine.nextAction(at: Self.start) == end([.responded(createdLast)], .announced, responses: 3))
  }

  @Test func `a success for a request that the server never received is a failure`() {
    let early = Fate.failed(.earlySuccess(status: 201), isBodySent: false)
    for responses in [0, 1] {
      var machine = machine(responses: responses, sent: 1, written: 0)
      #expect(actions(&machine, Self.created) == [])
      #expect(machine.disconnected() == end([early], resets: true, .lost, responses: responses))
    }
    var slow = machine(sent: 2, written: 0)
    #expect(actions(&slow, Self.created) == [])
    let unsent = Fate.failed(.sendTimedOut, isBodySent: false)
    #expect(
      slow.timerFired(at: Self.start + .seconds(60)) == end([early, unsent], resets: true, .lost, responses: 1)
    )
    var cancelled = machine(sent: 1, written: 0)
    #expect(actions(&cancelled, Self.created) == [])
    let end = end([.failed(.cancelled, isBodySent: false)], resets: true, .lost, responses: 1)
    #expect(cancelled.cancelled() == end)
  }

  @Test func `a response without end counts, and loses the requests behind it`() {
    let endless = String(repeating: "a", count: 2_000_000)
    for (field, other) in [("", Self.lost), ("Connection: close\r\n", Fate.unprocessed)] {
      var machine = machine(sent: 2)
      let text = "HTTP/1.1 400 Bad Request\r\nContent-Length: 999999999\r\n\(field)\r\n" + endless
      guard case .end(let end)? = actions(&machine, text).first, case .responded(let response)? = end.fates.first else {
        Issue.record("the response did not end")
        continue
      }
      #expect(response.status == 400 && response.body.count == ExchangeResponse.bodyLimit && !response.keepsConnection)
      #expect(end.fates.last == other && end.fates.count == 2)
    }
  }

  @Test func `a server that sends nothing in time fails the requests that it has`() {
    var machine = machine(sent: 2)
    #expect(machine.deadline == Self.start + .seconds(300))
    #expect(machine.timerFired(at: Self.start + .seconds(299)) == .none)
    let timedOut = Fate.failed(.responseTimedOut, isBodySent: true)
    #expect(machine.timerFired(at: Self.start + .seconds(300)) == end([timedOut, timedOut], .lost, responses: 1))
    // A response that has begun has to continue sooner, and so has the sending of a request.
    var begun = self.machine(sent: 1)
    #expect(actions(&begun, "HTTP/1.1 2") == [])
    #expect(begun.timerFired(at: Self.start + .seconds(60)) == end([timedOut], .lost, responses: 1))
    var unsent = self.machine(sent: 1, written: 0)
    #expect(
      unsent.timerFired(at: Self.start + .seconds(60))
        == end([.failed(.sendTimedOut, isBodySent: false)], resets: true, .lost, responses: 1)
    )
  }

  @Test func `a connection that was idle for 4 s is not used again`() {
    let idle = machine(sent: 0)
    #expect(!idle.isStale(at: Self.start + .milliseconds(3999)) && idle.isStale(at: Self.start + .seconds(4)))
    #expect(!machine(sent: 1).isStale(at: Self.start + .hours(1)))
    // A new one waits for its first request, however long.
    #expect(!machine(responses: 0, sent: 0).isStale(at: Self.start + .hours(1)))
  }

  @Test func `a cancellation ends the requests outstanding, and the end of all closes an idle connection`() {
    var machine = machine(sent: 1)
    #expect(machine.finished() == .none)
    #expect(machine.cancelled() == end([.failed(.cancelled, isBodySent: true)], .lost, responses: 1))
    #expect(machine.isClosed && !machine.hasRoom(for: 1, depth: 1, isKept: true))
    var idle = self.machine(sent: 0)
    #expect(idle.finished() == end([], .idle, responses: 1))
    #expect(idle.cancelled() == .none && idle.disconnected() == .none)
  }
}

@Suite struct PipelineConductTests {
  private func end(_ cause: PipelineStateMachine.Cause, _ responses: Int) -> PipelineStateMachine.End {
    .init(cause: cause, responses: responses)
  }

  @Test func `after requests were lost one is outstanding until 64 responses have arrived`() {
    var conduct = PipelineConduct(mayBePipelined: true)
    conduct.ended(end(.idle, 5))
    conduct.ended(end(.announced, 5))
    #expect(conduct.depth == 32)
    conduct.ended(end(.lost, 5))
    for _ in 0..<64 {
      #expect(conduct.depth == 1)
      conduct.responded()
    }
    #expect(conduct.depth == 32)
  }

  @Test func `a server that ends two connections after the same number gets no more on the next`() {
    var conduct = PipelineConduct(mayBePipelined: true)
    conduct.ended(end(.announced, 1000))
    #expect(conduct.total == .max)
    conduct.ended(end(.announced, 1000))
    #expect(conduct.total == 1000)
    conduct.ended(end(.announced, 1001))
    #expect(conduct.total == .max)
  }

  @Test func `a server that keeps no connection is noticed`() {
    var conduct = PipelineConduct(mayBePipelined: true)
    conduct.ended(end(.announced, 1))
    conduct.ended(end(.announced, 1))
    #expect(conduct.keepsNone && conduct.total == .max)
    conduct.ended(end(.announced, 9))
    #expect(!conduct.keepsNone)
  }

  @Test func `more requests are outstanding for a server that is far away`() {
    var conduct = PipelineConduct(mayBePipelined: true)
    #expect(!conduct.isFar && conduct.depth == PipelineConduct.nearDepth)
    conduct.opened(in: PipelineConduct.farTime)
    #expect(conduct.isFar && conduct.depth == PipelineConduct.farDepth)
    // The machine was busy when the first opened.
    conduct.opened(in: .microseconds(100))
    conduct.opened(in: .seconds(1))
    #expect(!conduct.isFar && conduct.depth == PipelineConduct.nearDepth)
    var single = PipelineConduct(mayBePipelined: false)
    single.opened(in: .seconds(1))
    #expect(single.depth == 1)
  }

  @Test func `new connections need no proof where others were kept, until requests are lost`() {
    var conduct = PipelineConduct(mayBePipelined: true)
    #expect(!conduct.keepsAll)
    conduct.responded()
    #expect(conduct.keepsAll)
    conduct.ended(end(.lost, 1))
    #expect(!conduct.keepsAll)
    for _ in 0..<64 { conduct.responded() }
    #expect(conduct.keepsAll)
    // One that is closed after its first response.
    conduct.ended(end(.announced, 1))
    #expect(!conduct.keepsAll)
  }

  @Test func `401 stops everything, 403 only when the first three files are forbidden`() {
    func stops(_ statuses: [Int]) -> Int? {
      var streak = RejectionStreak()
      return statuses.firstIndex { streak.note($0) }
    }
    #expect(stops([401]) == 0 && stops([201, 407]) == 1)
    #expect(stops([403, 403, 403, 403]) == 2)
    #expect(stops([201, 403, 403, 403, 403]) == nil)
    #expect(stops([403, 403, 404, 403, 403]) == nil)
    #expect(stops([503, 500, 404, 409]) == nil)
  }
}
