import DashboardApp
import UploadCore

/// A line for each run that is over, then the table.
struct CompareLineFace: CompareFace {
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

  /// What came of one run.
  static func line(_ client: CompareClient, _ trial: TrialResult, number: Int, of runs: Int) -> String {
    let run = runs > 1 ? " (\(number) of \(runs))" : ""
    let figures =
      trial.verdict == .missing
      ? "" : ", \(CompareText.seconds(trial.seconds)) s, client's peak memory \(ByteSize.text(trial.clientPeak))"
    let reason = trial.reason.map { ": \($0)" } ?? ""
    return "\(client.name)\(run): \(trial.verdict.words)\(figures)\(reason)"
  }
}
