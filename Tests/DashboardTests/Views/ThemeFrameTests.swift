import TerminalUI
import Testing
import UploadCore
import UploadTestSupport

@testable import Dashboard

/// Whole screens in each theme: every text can be read on what is painted behind it.
@Suite struct ThemeFrameTests {
  private static let least = 4.5
  /// Scenes with every kind of row, log entry, dialog and marks.
  private static let scenes: [Scene] = [.idle, .few, .forty, .error, .interrupted, .help, .picker, .sheet]

  private func driver(_ scene: Scene, _ theme: ThemeName, _ tier: ColorTier) -> DashboardModel {
    let capabilities = TerminalCapabilities(colors: tier, isUnicode: true, hasClipboard: true)
    var model = scene.model(Size(width: 120, height: 40), capabilities)
    model.settings.theme = theme
    return model
  }

  @Test(arguments: ThemeName.allCases, [ColorTier.mono, .colors8, .colors16, .colors256])
  func `each text of each scene has a contrast of at least 4.5 on its background`(_ theme: ThemeName, _ tier: ColorTier)
  {
    for scene in Self.scenes {
      let surface = driver(scene, theme, tier).render()
      let isMono = theme == .mono || tier == .mono
      for y in 0..<surface.size.height {
        for cell in surface.row(y) where cell.text != " " {
          let letter = cell.text.unicodeScalars.contains { $0.properties.isAlphabetic || ("0"..."9").contains($0) }
          // Borders, bars and graphs are no text.
          guard letter else { continue }
          let (ink, ground) = (cell.style.foreground.index, cell.style.background.index)
          if isMono {
            #expect(ink == nil && ground == nil && !cell.style.attributes.contains(.dim), "\(scene) row \(y)")
          } else if let ink, let ground {
            let ratio = Luminance.contrast(Luminance.of(palette: ink), Luminance.of(palette: ground))
            #expect(ratio >= Self.least, "\(scene) row \(y): \(cell.text) \(ink) on \(ground) is \(ratio)")
          } else {
            Issue.record("\(scene) row \(y): a colour of the terminal's own")
          }
        }
      }
    }
  }

  @Test(arguments: [ThemeName.dark, .light, .highContrast])
  func `a theme that paints its background paints it in every cell of every scene`(_ theme: ThemeName) {
    for scene in Self.scenes {
      let surface = driver(scene, theme, .colors256).render()
      #expect((0..<40).allSatisfy { surface.row($0).allSatisfy { $0.style.background != .standard } }, "\(scene)")
    }
  }

  @Test func `stalled and retrying are yellow, failed is red, and green is only a word that says stored or sent`() {
    var driver = Driver()
    let stalled = UploadSnapshot.example("a").stalled(.client, 9)
    let failed = UploadSnapshot.example("b").ended(.failed(UploadError(.diskFull, "Full.")))
    let retrying = UploadSnapshot.sending("c") {
      ($0.state, $0.retryReason, $0.retryIn, $0.attempt) = (.waiting, "Connection refused.", 7, 2)
    }
    driver.show([stalled, failed, retrying, .example("d").finished(), .sending("e").finished()])
    let surface = driver.model.render()
    let theme = surface.theme
    func texts(_ style: Style, _ rows: Range<Int>) -> [String] {
      rows.compactMap { y in
        let text = surface.row(y).filter { $0.style.foreground == style.foreground }.map(\.text).joined()
        return text.isEmpty ? nil : text
      }
    }
    #expect(texts(theme.warning, 3..<12) == ["stalled: client 9 sretry 2 in 7 s"], "\(driver.text)")
    #expect(texts(theme.bad, 3..<12) == ["failed: disk full"])
    #expect(
      Set(texts(theme.good, 0..<34).joined().matches(of: /stored|sent/).map { String($0.0) }) == ["stored", "sent"]
    )
    let rest = texts(theme.good, 0..<34).joined().replacing(/stored|sent/, with: "")
    #expect(rest.isEmpty, "\(rest)")
  }
}
