import Glibc
import Testing

@testable import DashboardApp

@Suite struct StopSignalsTests {
  private let start = ContinuousClock.now

  @Test func `signals less than 500 ms after the first are one request, a later one forces the exit`() {
    var signals = StopSignals()
    #expect(signals.handle(SIGTERM, at: start) == .stop)
    #expect(signals.handle(SIGTERM, at: start) == .repeated)
    #expect(signals.handle(SIGTERM, at: start + .milliseconds(499)) == .repeated)
    #expect(signals.handle(SIGTERM, at: start + .milliseconds(500)) == .force)
  }

  /// A user who presses Ctrl-C all the time wants to exit.
  @Test func `of signals every 100 ms those from 500 ms after the first force the exit`() {
    var signals = StopSignals()
    let meanings = stride(from: 0, through: 600, by: 100).map { signals.handle(SIGTERM, at: start + .milliseconds($0)) }
    #expect(meanings == [.stop, .repeated, .repeated, .repeated, .repeated, .force, .force])
  }

  @Test func `SIGQUIT terminates before and after a request to stop`() {
    for reloads in [false, true] {
      var signals = StopSignals(reloadsOnHangUp: reloads)
      #expect(signals.handle(SIGQUIT, at: start) == .terminate)
      #expect(signals.handle(SIGINT, at: start) == .stop)
      #expect(signals.handle(SIGQUIT, at: start) == .terminate)
    }
  }

  @Test func `with reloading SIGHUP means a reload, and a stop when the terminal was closed`() {
    var signals = StopSignals(reloadsOnHangUp: true)
    #expect(signals.handle(SIGHUP, at: start) == .reload)
    #expect(signals.handle(SIGHUP, at: start + .seconds(9)) == .reload)
    #expect(signals.handle(SIGTERM, at: start + .seconds(10)) == .stop)
    // A reload is no second request to stop.
    #expect(signals.handle(SIGHUP, at: start + .seconds(11)) == .reload)
    #expect(signals.handle(SIGTERM, at: start + .seconds(12)) == .force)

    var closed = StopSignals(reloadsOnHangUp: true)
    #expect(closed.handle(SIGHUP, lostTerminal: true, at: start) == .stop)
  }

  @Test func `without reloading SIGHUP means a stop`() {
    var signals = StopSignals()
    #expect(signals.handle(SIGHUP, at: start) == .stop)
  }

  @Test func `the actions for a forced exit run in order, and not at the request to stop`() {
    let stop = StopRequest()
    let done = EventQueue<Int>()
    stop.onForce { done.post(1) }
    stop.onForce { done.post(2) }
    stop.request(SIGTERM)
    #expect(done.drain() == [])
    stop.request(SIGINT)
    #expect(stop.signal == SIGTERM)
    stop.force()
    #expect(done.drain() == [1, 2])
  }
}
