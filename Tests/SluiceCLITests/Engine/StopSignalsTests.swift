import Glibc
import Testing

@testable import SluiceCLI

@Suite struct StopSignalsTests {
  private let start = ContinuousClock.now

  @Test func signalsCloseTogetherAreOneWish() {
    var signals = StopSignals()
    #expect(signals.take(at: start) == .stop)
    #expect(signals.take(at: start) == .repeated)
    #expect(signals.take(at: start + .milliseconds(499)) == .repeated)
    #expect(signals.take(at: start + .milliseconds(500)) == .force)
  }

  /// Somebody who presses all the time means it.
  @Test func theTimeCountsFromTheFirst() {
    var signals = StopSignals()
    let meanings = stride(from: 0, through: 600, by: 100).map { signals.take(at: start + .milliseconds($0)) }
    #expect(meanings == [.stop, .repeated, .repeated, .repeated, .repeated, .force, .force])
  }

  @Test func aForcedEndDoesWhatWasRegisteredForIt() {
    let stop = StopRequest()
    let done = Mailbox<Int>()
    stop.onForce { done.post(1) }
    stop.onForce { done.post(2) }
    stop.request(SIGTERM)
    #expect(done.take() == [])
    stop.request(SIGINT)
    #expect(stop.signal == SIGTERM)
    stop.force()
    #expect(done.take() == [1, 2])
  }
}
