import DashboardApp
import TerminalUI

/// Which face a comparison gets.
enum CompareFaces {
  static func face(json: Bool) -> any CompareFace {
    if json { return CompareJSONFace() }
    let environment = ProcessEnvironment.all
    guard Output.canRedraw(environment), let term = environment["TERM"] else { return CompareLineFace() }
    return CompareLiveFace(
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
