import Dashboard
import Glibc
import TerminalNCurses
import TerminalUI
import UploadClient
import UploadCore

/// The dashboard on this process's terminal, from its checks to the summary after the screen has been restored.
@MainActor
package enum DashboardRun {
  /// Runs until the user quits or a signal ends it, then prints the summary. Errors are printed to standard error.
  /// - Parameter files: paths of files to send to the first target when the server has started.
  /// - Returns: the exit status: 0; 2 when the server cannot start; 64 when the terminal cannot be used.
  package static func run(_ setup: DashboardEngine.Setup, sending files: [String]) -> Int32 {
    let environment = ProcessEnvironment.all
    do throws(TerminalError) {
      try NCursesTerminal.check(type: environment["TERM"])
      var setup = setup
      if setup.resume != nil, setup.resume?.journal == nil {
        setup.resume?.journal = ResumeJournal.defaultDirectory(in: environment).map { ResumeJournal(directory: $0) }
      }
      setup.otherToken = environment["SLUICE_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
      var host = DashboardHost(
        settingsFile: SettingsLocation.path(environment).map { SettingsFile(path: $0) },
        targetsFile: SettingsLocation.path(environment, "targets.json").map { TargetsFile(path: $0) }
      )
      host.tmuxClipboard = TmuxClipboard(environment)
      switch host.start(setup) {
      case nil: return 0
      case .failure(let error):
        Output.errorLine("sluice: \(PlainText.sanitized(error.message))")
        return 2
      case .success(let engine):
        let usesColor = environment["NO_COLOR"]?.isEmpty ?? true
        let notification = DesktopNotification(environment)
        let terminal = try NCursesTerminal(
          type: environment["TERM"],
          usesColor: usesColor,
          notification: notification
        )
        let loop = DashboardLoop(engine, on: terminal, host: host) {
          // Where restoring blocks all the same.
          signal(SIGALRM) { _ in _exit(0) }
          alarm(1)
          NCursesTerminal.restoreWithoutWaiting()
          _exit(0)
        }
        if !files.isEmpty { loop.send(.given(files)) }
        loop.run()
        close(terminal)
        let (incoming, outgoing) = (engine.ledger.totals(.incoming), engine.ledger.totals(.outgoing))
        let cancelled = engine.queue.cancelledCount
        Output.line(ExitSummary.line(incoming: incoming, outgoing: outgoing, cancelled: cancelled))
        return 0
      }
    } catch {
      Output.errorLine(
        "sluice: \(error.message) The dashboard needs a terminal; sluice --plain, sluice serve and sluice headless do not."
      )
      return 64
    }
  }

  /// Restores the screen. A terminal without an alternate screen would show the last frame below the shell's output, so
  /// it is cleared first.
  private static func close(_ terminal: NCursesTerminal) {
    let capabilities = terminal.capabilities
    terminal.draw(Surface(size: terminal.size, theme: capabilities.theme(.mono), glyphs: capabilities.glyphs))
    terminal.close()
  }
}

/// The summary that is printed once the screen has been restored.
enum ExitSummary {
  /// The numbers of uploads by outcome, without zeros: `3 uploads stored, 1 sent, 1 failed.`, or `No uploads.`
  /// - Parameters:
  ///   - incoming: the finished ones are counted as stored.
  ///   - outgoing: the finished ones are counted as sent.
  ///   - cancelled: number of uploads that were cancelled before they started, which no totals contain.
  static func line(incoming: UploadLedger.Totals, outgoing: UploadLedger.Totals, cancelled: Int) -> String {
    let counts: [(UInt64, String)] = [
      (incoming.finished, "stored"),
      (outgoing.finished, "sent"),
      (incoming.failed &+ outgoing.failed, "failed"),
      (incoming.cancelled &+ outgoing.cancelled &+ UInt64(max(0, cancelled)), "cancelled"),
    ]
    let parts = counts.filter { $0.0 > 0 }
    guard let first = parts.first else { return "No uploads." }
    let noun = first.0 == 1 ? "upload" : "uploads"
    let rest = parts.dropFirst().map { ", \($0.0.grouped) \($0.1)" }.joined()
    return "\(first.0.grouped) \(noun) \(first.1)\(rest)."
  }
}
