import TerminalUI
import Testing
import UploadCore
import UploadTestSupport

@testable import Dashboard

/// Which panes are visible, where, and that keys and mouse follow them.
@Suite struct PaneTests {
  private let incoming = UploadSnapshot.example("in.bin")
  private let outgoing = UploadSnapshot.sending("out.bin")

  private func driver(_ uploads: [UploadSnapshot], _ width: Int = 120, _ height: Int = 34) -> Driver {
    var driver = Driver(Size(width: width, height: height))
    driver.show(uploads)
    return driver
  }

  // MARK: Titles of columns

  @Test func `uploads of one row have titles above their columns, and the order is marked`() {
    var driver = Driver(Size(width: 120, height: 34))
    driver.show((1...20).map { .example("file-\($0)") })
    #expect(driver.model.layout.hasTitles(in: .incoming))
    let titles = driver.row(3)
    for title in ["name", "mode", "%", "rate", "left", "memory"] { #expect(titles.contains(title), "\(titles)") }
    #expect(!titles.contains("▾") && driver.row(4).contains("file-20"))
    driver.type("ss")
    #expect(driver.row(3).contains("rate▾"), "\(driver.row(3))")
  }

  @Test func `there are no titles above rows of several lines, above a single upload, and in a low pane`() {
    #expect(!driver([incoming]).model.layout.hasTitles(in: .incoming))
    let many = (1...20).map { UploadSnapshot.example("file-\($0)") }
    #expect(!driver(many, 120, 14).model.layout.hasTitles(in: .incoming))
    var tall = driver(many)
    tall.type("dd")
    #expect(!tall.model.layout.hasTitles(in: .incoming), "\(tall.text)")
  }

  @Test func `a click below the titles selects the row below the pointer`() {
    var driver = driver((1...20).map { .example("file-\($0)") })
    driver.type("M")
    driver.send(.input(.mouse(MouseEvent(.press, at: Point(x: 5, y: 6)))))
    #expect(driver.model.selected?.now.name == "file-18")
    driver.send(.input(.mouse(MouseEvent(.press, at: Point(x: 5, y: 3)))))
    #expect(driver.model.selected?.now.name == "file-18")
  }

  // MARK: Totals

  @Test func `the border has what was stored and sent since the start, also after the list was cleared`() {
    var driver = driver([incoming, outgoing], 200, 50)
    #expect(!driver.text.contains("stored 1"))
    let finished = [
      UploadDirection.incoming: FinishedFiles(files: 1_204, bytes: 3 << 30),
      .outgoing: FinishedFiles(files: 1, bytes: 512),
    ]
    driver.show([incoming, outgoing], finished: finished)
    driver.type("c")
    #expect(driver.text.contains("stored 1,204 files, 3.0 GiB"), "\(driver.text)")
    #expect(driver.text.contains("sent 1 file, 512 B"), "\(driver.text)")
  }

  // MARK: Side by side

  @Test func `panes are beside each other while both have uploads`() {
    let layout = driver([incoming, outgoing]).model.layout
    #expect(layout.rect(of: .incoming).width == 60 && layout.rect(of: .outgoing).x == 60)
    #expect(layout.form(of: .incoming) == .list && layout.form(of: .outgoing) == .list)
  }

  @Test func `a pane without uploads is a strip that says how to fill it`() {
    let receiving = driver([incoming])
    #expect(receiving.model.layout.rect(of: .incoming).width == 100)
    #expect(receiving.row(2).hasSuffix("╮╭─ 2 Outgoing ─────╮") && receiving.row(3).hasSuffix("││ u  choose files  │"))
    #expect(receiving.row(4).hasSuffix("││ or drop one here │"))
    let sending = driver([outgoing])
    #expect(sending.model.layout.rect(of: .outgoing).width == 100)
    #expect(sending.row(2).hasPrefix("╭─ 1 Incoming ─────╮╭─ 2 Outgoing · 1 active ─"), "\(sending.row(2))")
    #expect(sending.row(3).hasPrefix("│ Q  QR code") && sending.row(4).hasPrefix("│ y  copy the link"))
  }

  @Test func `a strip says that nothing contains the filter, or how many requests were rejected`() {
    var driver = driver([incoming, outgoing])
    driver.type("/out")
    #expect(driver.model.layout.form(of: .incoming) == .strip)
    #expect(driver.text.contains("Nothing here"), "\(driver.text)")
    driver.press(.escape)
    #expect(driver.model.layout.form(of: .incoming) == .list)
    driver.show([outgoing], rejectedCount: 7)
    driver.show([outgoing.finished()], rejectedCount: 7)
    var other = self.driver([])
    other.show([outgoing], rejectedCount: 7)
    #expect(other.text.contains("│ 7 rejected"), "\(other.text)")
  }

  @Test func `both panes show how to fill them while there is no upload at all`() {
    let text = driver([]).text
    #expect(text.contains("No uploads received yet.") && text.contains("No uploads sent yet."))
  }

  @Test func `the title counts what is active, stalled, queued, paused, interrupted and rejected`() {
    var driver = Driver(Size(width: 200, height: 50))
    let uploads = [incoming, .example("b").stalled(.client, 9), .example("c").interrupted(9)]
    driver.show(uploads, rejectedCount: 2)
    #expect(
      driver.text.contains("─ 1 Incoming · 2 active · 1 stalled · 1 interrupted · 2 rejected ─"),
      "\(driver.text)"
    )
    driver.show([outgoing, .queued("q"), .sending("p").paused()])
    #expect(driver.text.contains("2 Outgoing · 1 active · 1 queued · 1 paused"), "\(driver.text)")
    driver.send(.input(.resize(Size(width: 40, height: 12))))
    #expect(driver.row(1).columns == 40)
  }

  // MARK: Above each other

  @Test func `under 100 columns panes are above each other, and one without uploads is one row`() {
    let receiving = driver([incoming], 80, 24)
    let layout = receiving.model.layout
    #expect(layout.rect(of: .outgoing) == Rect(x: 0, y: layout.rect(of: .incoming).maxY, width: 80, height: 1))
    #expect(receiving.text.contains("── 2 Outgoing · u chooses files, or drop one here ──"), "\(receiving.text)")
    let sending = driver([outgoing], 80, 24)
    #expect(sending.row(2).hasPrefix("── 1 Incoming · curl -T FILE http://192.168.1.7:8080/ ──"), "\(sending.text)")
    let both = driver([incoming, outgoing], 80, 24).model.layout
    #expect(both.rect(of: .incoming).height >= 5 && both.rect(of: .outgoing).height >= 5)
  }

  @Test func `of panes above each other the one that needs more rows gets them`() {
    let many = (0..<30).map { UploadSnapshot.example("in-\($0)") }
    let layout = driver(many + [outgoing], 80, 24).model.layout
    #expect(layout.rect(of: .outgoing).height == 4 && layout.rect(of: .incoming).height == 17)
    let other = driver([incoming] + (0..<30).map { .sending("out-\($0)") }, 80, 24).model.layout
    #expect(other.rect(of: .incoming).height == 4)
    let all = driver(many + (0..<30).map { .sending("out-\($0)") }, 80, 24).model.layout
    #expect(all.rect(of: .incoming).height == 10 || all.rect(of: .incoming).height == 11)
  }

  // MARK: Zoom

  @Test func `z shows only the pane with the focus, z again or Escape all of them`() {
    for leave in [KeyEvent("z"), KeyEvent(.escape)] {
      var driver = driver([incoming, outgoing])
      driver.type("2z")
      #expect(driver.model.layout.rect(of: .outgoing) == driver.model.layout.body)
      #expect(driver.text.contains("out.bin") && !driver.text.contains("1 Incoming"))
      driver.press(leave)
      #expect(driver.text.contains("in.bin") && driver.text.contains("out.bin"))
    }
  }

  @Test func `in a zoomed pane Tab shows the other list, and 3 the detail`() {
    var driver = driver([incoming, outgoing])
    driver.type("z")
    driver.press(.tab)
    #expect(driver.text.contains("2 Outgoing") && !driver.text.contains("1 Incoming"))
    driver.press(.tab)
    #expect(driver.text.contains("1 Incoming") && !driver.text.contains("2 Outgoing"))
    driver.type("3")
    #expect(driver.model.layout.rect(of: .detail) == driver.model.layout.body)
    driver.press(.escape)
    #expect(driver.text.contains("1 Incoming") && driver.text.contains("3 Detail"))
  }

  @Test func `z has no effect where one pane fills the screen anyway`() {
    var driver = driver([incoming], 45, 20)
    let before = driver.text
    driver.type("z")
    #expect(driver.text == before && !driver.model.isZoomed)
  }

  // MARK: Detail and log

  @Test func `detail and log appear only where more than ten rows are free`() {
    let few = driver((0..<3).map { .example("in-\($0)") }, 120, 50).model.layout
    #expect(!few.rect(of: .detail).isEmpty && !few.log.isEmpty)
    for count in 1...40 {
      let layout = driver((0..<count).map { .example("in-\($0)") }).model.layout
      let used = Panel.content(of: layout.rect(of: .incoming)).height
      #expect(used >= count || count > 29, "all are visible beside the detail: \(count)")
    }
    let many = driver((0..<40).map { .example("in-\($0)") }).model.layout
    #expect(many.rect(of: .detail).isEmpty && many.log.isEmpty)
    #expect(driver([]).model.layout.rect(of: .detail).isEmpty, "there is nothing to show in it")
  }

  @Test func `the key 3 shows the detail also where no row is free, and Escape hides it again`() {
    var driver = driver((0..<40).map { .example("in-\($0)") })
    #expect(!driver.text.contains("3 Detail"))
    driver.type("3")
    #expect(driver.text.contains("3 Detail: in-39") && driver.text.contains("1 Incoming"))
    driver.press(.escape)
    #expect(!driver.text.contains("3 Detail"))
  }

  // MARK: Keys and mouse

  @Test func `Tab steps through the panes that are visible`() {
    func steps(_ driver: Driver) -> [Pane] {
      var driver = driver
      return (0..<4).map { _ in
        driver.press(.tab)
        return driver.model.focus
      }
    }
    #expect(steps(driver([incoming, outgoing])) == [.outgoing, .detail, .incoming, .outgoing])
    let many = (0..<40).map { UploadSnapshot.example("in-\($0)") }
    #expect(steps(driver(many)) == [.outgoing, .incoming, .outgoing, .incoming])
    #expect(steps(driver([incoming], 45, 20)) == [.outgoing, .incoming, .outgoing, .incoming])
  }

  @Test func `a click on a strip or on a row without uploads moves the focus there`() {
    for (width, height) in [(120, 34), (80, 24)] {
      var driver = driver([incoming], width, height)
      driver.type("M")
      let rect = driver.model.layout.rect(of: .outgoing)
      driver.send(.input(.mouse(MouseEvent(.press, at: Point(x: rect.x + 2, y: rect.y)))))
      #expect(driver.model.focus == .outgoing)
      driver.send(.input(.mouse(MouseEvent(.scrollDown, at: Point(x: rect.x + 2, y: rect.y)))))
      #expect(driver.model.focus == .outgoing)
    }
  }

  @Test func `panes never overlap and stay on the screen, at any size, with any uploads`() {
    for seed in 0..<600 {
      var random = SplitMix64(seed: UInt64(seed))
      let size = Size(width: Int.random(in: 1...260, using: &random), height: Int.random(in: 1...120, using: &random))
      let focus = Pane.allCases.randomElement(using: &random) ?? .incoming
      var content = ScreenLayout.Content(focus: focus, view: .panes)
      for pane in [Pane.incoming, .outgoing] {
        let tall = Int.random(in: 0...50, using: &random) * Int.random(in: 0...1, using: &random)
        content.uploads[pane] = ScreenLayout.Uploads(tall: tall, all: tall + Int.random(in: 0...9, using: &random) / 5)
      }
      content.density = RowDensity.allCases.randomElement(using: &random) ?? .automatic
      (content.hasSelection, content.isZoomed) = (.random(using: &random), .random(using: &random))
      let layout = ScreenLayout(size, content)
      let rects = layout.panesInOrder.map { layout.rect(of: $0) } + (layout.log.isEmpty ? [] : [layout.log])
      for (index, rect) in rects.enumerated() {
        #expect(rect.intersection(layout.body) == rect && !rect.isEmpty, "\(seed): \(size)")
        for other in rects[..<index] { #expect(rect.intersection(other).isEmpty, "\(seed): \(size)") }
      }
      let area = rects.reduce(0) { $0 + $1.width * $1.height }
      #expect(layout.isSummary || area == layout.body.width * layout.body.height, "\(seed): \(size)")
      #expect(layout.isSummary || layout.panesInOrder.contains(focus), "\(seed): \(size)")
    }
  }
}
