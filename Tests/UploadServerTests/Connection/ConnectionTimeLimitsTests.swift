import NIOCore
import Testing

@testable import UploadServer

@Suite struct ConnectionTimeLimitsTests {
  private static func at(_ seconds: Int64) -> NIODeadline {
    .uptimeNanoseconds(1_000_000_000) + .seconds(seconds)
  }

  /// With an idle time of 30 s and a header time of 20 s.
  private static func limits() -> ConnectionTimeLimits {
    ConnectionTimeLimits(UploadLimits(), at: at(0))
  }

  @Test func `The idle timeout of a connection counts from the last activity`() {
    var limits = Self.limits()
    #expect(limits.deadline(in: .idle, paceDeadline: nil) == Self.at(30))
    limits.noteActivity(at: Self.at(10))
    #expect(limits.deadline(in: .idle, paceDeadline: nil) == Self.at(40))
    #expect(limits.timerFired(in: .idle, hasUnreadResponse: false, at: Self.at(39)) == .none)
    #expect(limits.timerFired(in: .idle, hasUnreadResponse: false, at: Self.at(40)) == .close)
  }

  @Test(arguments: [RequestPhase.forwarding(requestEnded: true, responded: false), .storing])
  func `While a request is being served, its connection is not closed as idle`(phase: RequestPhase) {
    var limits = Self.limits()
    #expect(limits.timerFired(in: phase, hasUnreadResponse: false, at: Self.at(30)) == .none)
    #expect(limits.deadline(in: phase, paceDeadline: nil) == Self.at(60), "the idle time begins anew")
  }

  @Test func `A connection is not closed as idle while its client has yet to read a response`() {
    var limits = Self.limits()
    #expect(limits.timerFired(in: .idle, hasUnreadResponse: true, at: Self.at(30)) == .none)
    #expect(limits.timerFired(in: .idle, hasUnreadResponse: false, at: Self.at(59)) == .none)
    #expect(limits.timerFired(in: .idle, hasUnreadResponse: false, at: Self.at(60)) == .close)
  }

  @Test func `The beginning of a request waits 20 ms for its rest, in however many parts that comes`() {
    var limits = Self.limits()
    let end = Self.at(0) + .milliseconds(20)
    limits.beginHeaders(at: Self.at(0))
    let waits = [Self.at(0), end - .nanoseconds(1), end].map { limits.waitForRest(at: $0) }
    #expect(waits == [true, true, false])
    #expect(limits.deadline(in: .idle, paceDeadline: nil) == end)
    #expect(limits.timerFired(in: .idle, hasUnreadResponse: false, at: end - .nanoseconds(1)) == .none)
    #expect(limits.timerFired(in: .idle, hasUnreadResponse: false, at: end) == .decodeBeginning)
    limits.endWaiting()
    #expect(limits.deadline(in: .idle, paceDeadline: nil) == Self.at(20), "the headers have begun when it arrived")
    let waitsAgain = limits.waitForRest(at: Self.at(1))
    #expect(waitsAgain, "the next one has time of its own")
  }

  @Test func `The time limit of headers begins with their first byte, and the timer is set for them once`() {
    var limits = Self.limits()
    #expect(limits.continueHeaders() == false, "none have begun")
    limits.beginHeaders(at: Self.at(5))
    limits.beginHeaders(at: Self.at(9))
    #expect(limits.continueHeaders() == true)
    #expect(limits.continueHeaders() == false)
    #expect(limits.deadline(in: .idle, paceDeadline: nil) == Self.at(25))
    #expect(limits.timerFired(in: .idle, hasUnreadResponse: false, at: Self.at(24)) == .none)
    #expect(limits.timerFired(in: .idle, hasUnreadResponse: false, at: Self.at(25)) == .rejectLateHeaders)
    limits.endHeaders()
    #expect(limits.deadline(in: .idle, paceDeadline: nil) == Self.at(30))
    limits.beginHeaders(at: Self.at(26))
    #expect(limits.continueHeaders() == true, "the next headers need the timer again")
  }

  @Test func `While the body of an upload arrives, the timer fires at its pace deadline and checks the pace`() {
    var limits = Self.limits()
    #expect(limits.deadline(in: .receiving, paceDeadline: Self.at(7)) == Self.at(7))
    #expect(limits.timerFired(in: .receiving, hasUnreadResponse: false, at: Self.at(100)) == .checkPace)
  }

  @Test func `The rest of a rejected body has 30 s from the response on, which activity does not prolong`() {
    var limits = Self.limits()
    limits.noteResponse(at: Self.at(10))
    limits.noteActivity(at: Self.at(39))
    #expect(limits.deadline(in: .skipping, paceDeadline: nil) == Self.at(40))
    #expect(limits.timerFired(in: .skipping, hasUnreadResponse: false, at: Self.at(39)) == .none)
    #expect(limits.timerFired(in: .skipping, hasUnreadResponse: true, at: Self.at(40)) == .close)
  }

  @Test func `While a connection lingers after its last response, no idle timeout applies`() {
    #expect(Self.limits().deadline(in: .lingering, paceDeadline: nil) == nil)
  }
}
