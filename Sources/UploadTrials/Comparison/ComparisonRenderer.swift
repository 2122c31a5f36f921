import DashboardApp
import TerminalUI
import UploadCore
import UploadReport

/// A way of showing a comparison.
protocol ComparisonRenderer {
  /// Something is done first that takes a while.
  mutating func note(_ text: String)
  /// A client begins.
  mutating func begin(_ comparison: Comparison)
  /// It goes on; called many times a second.
  mutating func show(_ comparison: Comparison)
  /// The last run of the client at `index` is over.
  mutating func end(_ comparison: Comparison, _ index: Int)
  /// All is over.
  mutating func finish(_ comparison: Comparison)
  /// Removes what must not stay on the terminal, before something else is printed.
  mutating func clear()
}

extension ComparisonRenderer {
  mutating func note(_ text: String) {}
  mutating func begin(_ comparison: Comparison) {}
  mutating func show(_ comparison: Comparison) {}
  mutating func clear() {}
}

/// Which renderer a comparison gets.
enum ComparisonRenderers {
  static func renderer(json: Bool) -> any ComparisonRenderer {
    if json { return JSONComparisonRenderer() }
    let environment = ProcessEnvironment.all
    guard Output.canRedraw(environment), let term = environment["TERM"] else { return LineComparisonRenderer() }
    return LiveComparisonRenderer(
      theme: Theme(.dark, tier: tier(term, environment)),
      glyphs: Output.isUnicode(environment) ? .unicode : .ascii
    )
  }

  /// By the terminal's name, since nothing here asks its data base.
  private static func tier(_ term: String, _ environment: [String: String]) -> ColorTier {
    if environment["NO_COLOR"]?.isEmpty == false { return .mono }
    if environment["COLORTERM"]?.isEmpty == false || term.contains("256color") { return .colors256 }
    return term.hasPrefix("vt") ? .mono : .colors8
  }
}

/// A JSON object for each run, and one for the whole.
struct JSONComparisonRenderer: ComparisonRenderer {
  func end(_ comparison: Comparison, _ index: Int) {
    let result = comparison.results[index]
    guard let trial = result.trials.last else { return }
    Output.line(comparison.json(of: trial, result.client, number: result.trials.count).serialized)
  }

  func finish(_ comparison: Comparison) {
    Output.line(comparison.json.serialized)
  }
}

/// A line for each run that is over, then the table.
struct LineComparisonRenderer: ComparisonRenderer {
  func note(_ text: String) {
    Output.line(text)
  }

  func end(_ comparison: Comparison, _ index: Int) {
    let result = comparison.results[index]
    guard let trial = result.trials.last else { return }
    Output.line(Self.line(result.client, trial, number: result.trials.count, of: comparison.runs))
  }

  func finish(_ comparison: Comparison) {
    Output.line("\n" + comparison.table(width: Output.columns ?? 80))
  }

  /// The outcome of one run.
  static func line(_ client: CompareClient, _ trial: TrialResult, number: Int, of runs: Int) -> String {
    let run = runs > 1 ? " (\(number) of \(runs))" : ""
    let figures =
      trial.verdict == .missing
      ? "" : ", \(CompareText.seconds(trial.seconds)) s, client's peak memory \(ByteSize.text(trial.clientPeak))"
    let reason = trial.reason.map { ": \($0)" } ?? ""
    return "\(client.name)\(run): \(trial.verdict.words)\(figures)\(reason)"
  }
}
