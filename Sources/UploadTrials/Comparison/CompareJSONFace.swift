import DashboardApp
import UploadReport

/// A JSON object for each run, and one for the whole.
struct CompareJSONFace: CompareFace {
  func end(_ comparison: Comparison, _ index: Int) {
    let result = comparison.results[index]
    guard let trial = result.trials.last else { return }
    Output.line(comparison.json(of: trial, result.client, number: result.trials.count).serialized)
  }

  func finish(_ comparison: Comparison) {
    Output.line(comparison.json.serialized)
  }
}
