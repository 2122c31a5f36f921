import NIOCore
import Testing

@testable import UploadServer

@Suite struct ClientPaceTests {
  private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

  private func at(_ seconds: Int64) -> NIODeadline { Self.start + .seconds(seconds) }

  private func pace(minRate: UInt64? = nil) -> ClientPace {
    ClientPace(idleTimeout: .seconds(30), minRate: minRate, at: Self.start)
  }

  @Test func `The idle timeout counts from the last byte`() {
    var pace = pace()
    #expect(pace.status(at: at(29)) == .acceptable(until: at(30)))
    pace.received(1, at: at(29))
    #expect(pace.status(at: at(58)) == .acceptable(until: at(59)))
    #expect(pace.status(at: at(59)) == .timedOut)
  }

  @Test func `With an idle timeout of 30 s, a body of which a byte arrives every 29 s is accepted for three weeks`() {
    var pace = pace()
    let weeks: Int64 = 3 * 7 * 86_400
    for second in stride(from: 0, to: weeks, by: 29) {
      guard case .acceptable = pace.status(at: at(second)) else {
        Issue.record("impatient after \(second) s")
        return
      }
      pace.received(1, at: at(second))
    }
  }

  @Test func `Time while the server reads nothing counts neither as idle nor for the average rate`() {
    var pace = pace(minRate: 1000)
    pace.received(5000, at: at(5))
    pace.note(canSend: false, at: at(5))
    #expect(pace.status(at: at(500)) == .acceptable(until: at(530)))
    pace.note(canSend: false, at: at(500))
    pace.note(canSend: true, at: at(600))
    #expect(pace.status(at: at(604)) == .acceptable(until: at(605)), "5 of the 10 s of grace are spent")
    #expect(pace.status(at: at(605)) == .tooSlow, "5,000 bytes in 10 s of its own")
    pace.received(5000, at: at(605))
    #expect(pace.status(at: at(605)) == .acceptable(until: at(606)))
  }

  @Test func `A client below the minimum rate is too slow only after ten seconds`() {
    var pace = pace(minRate: 100)
    #expect(pace.status(at: at(9)) == .acceptable(until: at(10)))
    pace.received(999, at: at(9))
    #expect(pace.status(at: at(10)) == .tooSlow)
    pace.received(1, at: at(10))
    #expect(pace.status(at: at(10)) == .acceptable(until: at(11)))
    #expect(pace.status(at: at(11)) == .tooSlow)
  }

  @Test func `Without a minimum rate a slow client is accepted`() {
    var pace = pace()
    pace.received(1, at: at(20))
    #expect(pace.status(at: at(45)) == .acceptable(until: at(50)))
  }
}
