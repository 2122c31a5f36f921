import NIOCore
import Testing

@testable import UploadServer

@Suite struct ClientPaceTests {
  private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

  private func at(_ seconds: Int64) -> NIODeadline { Self.start + .seconds(seconds) }

  private func pace(minRate: UInt64? = nil) -> ClientPace {
    ClientPace(idleTimeout: .seconds(30), minRate: minRate, at: Self.start)
  }

  @Test func `Silence counts from the last byte`() {
    var pace = pace()
    #expect(pace.verdict(at: at(29)) == .patient(until: at(30)))
    pace.took(1, at: at(29))
    #expect(pace.verdict(at: at(58)) == .patient(until: at(59)))
    #expect(pace.verdict(at: at(59)) == .silent)
  }

  @Test func `A body that keeps moving may run for weeks`() {
    var pace = pace()
    let weeks: Int64 = 3 * 7 * 86_400
    for second in stride(from: 0, to: weeks, by: 29) {
      guard case .patient = pace.verdict(at: at(second)) else {
        Issue.record("impatient after \(second) s")
        return
      }
      pace.took(1, at: at(second))
    }
  }

  @Test func `While the server holds it back no time passes for the client`() {
    var pace = pace(minRate: 1000)
    pace.took(5000, at: at(5))
    pace.note(canSend: false, at: at(5))
    #expect(pace.verdict(at: at(500)) == .patient(until: at(530)))
    pace.note(canSend: false, at: at(500))
    pace.note(canSend: true, at: at(600))
    #expect(pace.verdict(at: at(604)) == .patient(until: at(605)), "5 of the 10 s of grace are spent")
    #expect(pace.verdict(at: at(605)) == .tooSlow, "5,000 bytes in 10 s of its own")
    pace.took(5000, at: at(605))
    #expect(pace.verdict(at: at(605)) == .patient(until: at(606)))
  }

  @Test func `The average counts after ten seconds, and not before`() {
    var pace = pace(minRate: 100)
    #expect(pace.verdict(at: at(9)) == .patient(until: at(10)))
    pace.took(999, at: at(9))
    #expect(pace.verdict(at: at(10)) == .tooSlow)
    pace.took(1, at: at(10))
    #expect(pace.verdict(at: at(10)) == .patient(until: at(11)))
    #expect(pace.verdict(at: at(11)) == .tooSlow)
  }

  @Test func `Without a least rate the slowest is borne`() {
    var pace = pace()
    pace.took(1, at: at(20))
    #expect(pace.verdict(at: at(45)) == .patient(until: at(50)))
  }
}
