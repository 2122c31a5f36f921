import Dashboard
import Foundation
import TerminalUI
import Testing
import UploadTestSupport

@testable import UploadCore

/// After any messages and at any size, the dashboard draws a frame in which every row has its width and no cell contains a
/// control character.
///
/// 50 models by default, which takes seconds in a debug build. `SLUICE_RANDOM_FRAMES=100000` in the environment tests more
/// models; use a release build.
@Suite struct RandomFrameTests {
  private static let count = Int(ProcessInfo.processInfo.environment["SLUICE_RANDOM_FRAMES"] ?? "") ?? 50

  @Test func `after random messages every row has its width, and neither frame nor title has control characters`() {
    for seed in 0..<Self.count {
      var random = RandomModel(seed: UInt64(seed))
      let model = random.model()
      let surface = model.render()
      guard let problem = Self.problem(surface, random.size) ?? Self.problem(model.title) else { continue }
      Issue.record("seed \(seed): \(problem)")
      return
    }
  }

  private static func problem(_ surface: Surface, _ size: Size) -> String? {
    guard surface.size == size else { return "is \(surface.size), not \(size)" }
    for y in 0..<size.height {
      let row = surface.row(y)
      guard row.count == size.width else { return "row \(y) has \(row.count) cells" }
      guard surface.text(ofRow: y).columns == size.width else { return "row \(y) is not \(size.width) columns wide" }
      for cell in row where !cell.isContinuation {
        let scalars = [cell.scalar] + cell.marks
        if let bad = scalars.first(where: isUnsafe) { return "row \(y) contains U+\(String(bad.value, radix: 16))" }
      }
    }
    return nil
  }

  private static func problem(_ title: String) -> String? {
    title.unicodeScalars.contains(where: isUnsafe) ? "the title contains a control character" : nil
  }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    PlainText.isUnsafe(scalar) && scalar.value != 0x200D
  }
}
