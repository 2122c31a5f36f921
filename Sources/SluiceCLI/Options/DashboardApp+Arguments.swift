import ArgumentParser
import DashboardApp
import TerminalUI
import UploadTrials

extension SendMode: ExpressibleByArgument {}
extension FrameFormat: ExpressibleByArgument {}

extension ScreenSize {
  /// - Throws: what is wrong, for the parser to show.
  static func argument(_ text: String) throws -> Size {
    guard let size = parse(text) else { throw ValidationError("A screen's size is written 120x34.") }
    return size
  }
}
