import Testing

@testable import DashboardApp

struct UnreadTerminalSignalsTests {
  @Test func `SIGTERM stops gracefully, and a second one exits`() {
    var signals = UnreadTerminalSignals()
    #expect(signals.handle(.terminate, .none, isBusy: true) == .stop(lettingFinish: true))
    #expect(signals.handle(.terminate, .begun(lettingFinish: true), isBusy: true) == .exit)
  }

  @Test func `SIGINT is confirmed by a second one while uploads run`() {
    var signals = UnreadTerminalSignals()
    #expect(signals.handle(.interrupt, .none, isBusy: true) == .forward)
    #expect(signals.handle(.interrupt, .none, isBusy: true) == .stop(lettingFinish: false))
    #expect(signals.handle(.interrupt, .begun(lettingFinish: false), isBusy: false) == .exit)
  }

  @Test func `SIGINT and SIGHUP stop at once, and SIGQUIT exits`() {
    var signals = UnreadTerminalSignals()
    #expect(signals.handle(.interrupt, .none, isBusy: false) == .stop(lettingFinish: false))
    #expect(signals.handle(.hangUp, .none, isBusy: true) == .stop(lettingFinish: false))
    #expect(signals.handle(.quit, .none, isBusy: true) == .exit)
    #expect(signals.handle(.windowChange, .none, isBusy: true) == .forward)
  }
}
