import Dashboard
import TerminalUI
import Testing

/// Whole screens with trees and downloads. The files are in `Golden`.
@Suite struct TreeFrameTests {
  private static let sizes = [(40, 12), (80, 24), (120, 34)]

  @Test(arguments: TreeScene.allCases)
  func `each scene with trees in Unicode matches its recorded frames at three sizes`(_ scene: TreeScene) throws {
    try Golden.expect(frames(scene, .unicode), is: "tree-\(scene.rawValue).unicode")
  }

  @Test(arguments: TreeScene.allCases)
  func `each scene with trees in ASCII matches its recorded frames at three sizes`(_ scene: TreeScene) throws {
    try Golden.expect(frames(scene, .ascii), is: "tree-\(scene.rawValue).ascii")
  }

  @Test(arguments: TreeScene.allCases)
  func `a scene with trees draws at any small size without a character that ASCII lacks`(_ scene: TreeScene) {
    for (width, height) in [(1, 1), (7, 3), (39, 7), (40, 8), (53, 17)] {
      let frame = scene.model(Size(width: width, height: height), .ascii).render()
      #expect(frame.text.utf8.count == frame.text.unicodeScalars.count)
      #expect((0..<height).allSatisfy { frame.text(ofRow: $0).count == width })
    }
  }

  private func frames(_ scene: TreeScene, _ capabilities: TerminalCapabilities) -> String {
    Self.sizes.map { width, height in
      let model = scene.model(Size(width: width, height: height), capabilities)
      return "\(scene.rawValue) \(width)x\(height)\n" + model.render().goldenText + "\n"
    }
    .joined()
  }
}
