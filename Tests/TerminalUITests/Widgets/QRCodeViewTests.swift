import Testing
import UploadTestSupport

@testable import TerminalUI

@Suite struct QRCodeViewTests {
  private static let link = "http://192.168.1.7:8080/#t=K3xvT0kenFORaTest-12345678901"

  /// The version of the link's code is 4: 33 modules.
  private let view = QRCodeView(Self.link)

  @Test func `in Unicode a cell has two modules, with a quiet zone of 4 or, in a small region, of 2`() throws {
    let view = try #require(view)
    #expect(view.size(in: Size(width: 41, height: 21), .unicode) == Size(width: 41, height: 21))
    #expect(view.size(in: Size(width: 200, height: 50), .unicode) == Size(width: 41, height: 21))
    #expect(view.size(in: Size(width: 40, height: 50), .unicode) == Size(width: 37, height: 19))
    #expect(view.size(in: Size(width: 200, height: 20), .unicode) == Size(width: 37, height: 19))
    #expect(view.size(in: Size(width: 36, height: 50), .unicode) == nil)
    #expect(view.size(in: Size(width: 200, height: 18), .unicode) == nil)
    #expect(view.smallestSize(.unicode) == Size(width: 37, height: 19))
  }

  @Test func `in ASCII a module has two columns`() throws {
    let view = try #require(view)
    #expect(view.size(in: Size(width: 200, height: 50), .ascii) == Size(width: 82, height: 41))
    #expect(view.smallestSize(.ascii) == Size(width: 74, height: 37))
  }

  @Test func `a text of more than 271 bytes has no view`() {
    #expect(QRCodeView(String(repeating: "x", count: 272)) == nil)
  }

  @Test func `in a region that is too small nothing is drawn`() throws {
    let view = try #require(view)
    let plain = Surface.test(width: 36, height: 18)
    var surface = plain
    surface.draw(view, in: surface.bounds)
    #expect(surface == plain)
  }

  @Test func `in ASCII text without colours dark modules are number signs`() throws {
    let view = try #require(view)
    var surface = Surface.test(width: 74, height: 37, glyphs: .ascii, tier: .mono)
    surface.draw(view, in: surface.bounds)
    // The upper edge of two finder patterns, behind two light rows and two light modules.
    #expect(surface.text(ofRow: 1).allSatisfy { $0 == " " })
    #expect(
      surface.text(ofRow: 2).hasPrefix("    ##############  ")
        && surface.text(ofRow: 2).hasSuffix("  ##############    ")
    )
  }

  @Test(
    .enabled("zbarimg is not installed here") { await QRScanner.isInstalled() },
    arguments: ThemeName.allCases
  )
  func `zbar reads what is drawn in each theme, in Unicode and ASCII, with and without colours`(
    theme: ThemeName
  ) async throws {
    let view = try #require(view)
    var images: [Bitmap] = []
    for tier in [ColorTier.mono, .colors8, .colors16, .colors256] {
      for glyphs in [GlyphSet.unicode, .ascii] {
        for zone in [2, 0] {
          // The terminal around it is black.
          let size = view.smallestSize(glyphs)
          let room = Size(width: size.width + 10 - 5 * zone, height: size.height + 10 - 5 * zone)
          var surface = Surface(size: room, theme: Theme(theme, tier: tier), glyphs: glyphs)
          surface.draw(view, in: surface.bounds)
          images.append(surface.image)
        }
      }
    }
    let found = try await QRScanner.texts(in: images)
    #expect(found == Array(repeating: Self.link, count: images.count))
  }
}

extension Surface {
  /// What a terminal with a black background shows; a cell is twice as high as it is wide.
  fileprivate var image: Bitmap {
    Bitmap(width: size.width, height: 2 * size.height) { x, y in
      let cells = row(y / 2)
      return cells[cells.startIndex + x].isBlack(inUpperHalf: y % 2 == 0)
    }
  }
}

extension Cell {
  fileprivate func isBlack(inUpperHalf isUpper: Bool) -> Bool {
    let isReversed = style.attributes.contains(.reverse)
    // Without colours: light characters on black.
    let ink = style.foreground.isBlack ?? isReversed
    let paper = style.background.isBlack ?? !isReversed
    switch scalar {
    case "█": return ink
    case "▀": return isUpper ? ink : paper
    case "▄": return isUpper ? paper : ink
    // Most of the cell remains free beside a #.
    default: return paper
    }
  }
}

extension Color {
  /// Whether it is nearer to black than to white; nil for the terminal's own.
  fileprivate var isBlack: Bool? { index.map { [0, 16].contains($0) } }
}
