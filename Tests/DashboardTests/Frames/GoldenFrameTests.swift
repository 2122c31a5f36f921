import Dashboard
import TerminalUI
import Testing

/// Whole screens as text and style, at sizes on both sides of every breakpoint. The files are in `Golden`.
@Suite struct GoldenFrameTests {
  private static let sizes = [
    (1, 1), (20, 5), (39, 7), (40, 8), (80, 24), (99, 30), (100, 30), (120, 34), (200, 50),
  ]

  @Test(arguments: Scene.allCases)
  func `each scene in Unicode matches its recorded frames at nine sizes`(_ scene: Scene) throws {
    try Golden.expect(frames(scene, .unicode), is: "\(scene.rawValue).unicode")
  }

  @Test(arguments: Scene.allCases)
  func `each scene in ASCII matches its recorded frames at nine sizes`(_ scene: Scene) throws {
    try Golden.expect(frames(scene, .ascii), is: "\(scene.rawValue).ascii")
  }

  private func frames(_ scene: Scene, _ capabilities: TerminalCapabilities) -> String {
    Self.sizes.map { width, height in
      let model = scene.model(Size(width: width, height: height), capabilities)
      return "\(scene.rawValue) \(width)x\(height)\n" + model.render().goldenText + "\n"
    }
    .joined()
  }
}
