import TerminalUI
import Testing
import UploadTestSupport

@Suite struct ItemListTests {
  private func drawn(
    _ scroll: Scroll,
    count: Int = 5,
    itemHeight: Int = 1,
    height: Int = 3,
    isFocused: Bool = true,
    glyphs: GlyphSet = .unicode
  ) -> Surface {
    var surface = Surface.test(width: 8, height: height, glyphs: glyphs)
    let list = ItemList(count: count, itemHeight: itemHeight, scroll: scroll, isFocused: isFocused) {
      index,
      _,
      surface in
      surface.write("item \(index)", x: 2, y: 0)
      surface.write("more", x: 2, y: 1)
    }
    surface.draw(list, in: surface.bounds)
    return surface
  }

  @Test func `the selected item is marked`() {
    #expect(drawn(Scroll(selection: 1)).text == "  item 0\n▌ item 1\n  item 2\n")
    #expect(drawn(Scroll(selection: 1), glyphs: .ascii).text == "  item 0\n> item 1\n  item 2\n")
  }

  @Test func `the selected item and its mark have the selection's background, and others do not`() {
    let surface = drawn(Scroll(selection: 1))
    let background = surface.theme.selection.background
    #expect(surface.row(1).allSatisfy { $0.style.background == background })
    #expect(surface.row(0).allSatisfy { $0.style.background == surface.theme.text.background })
  }

  @Test func `a list without focus marks no item`() {
    #expect(drawn(Scroll(selection: 1), isFocused: false).text == "  item 0\n  item 1\n  item 2\n")
  }

  @Test func `the selected item is visible, also at the end`() {
    #expect(drawn(Scroll(selection: 4)).text == "  item 2\n  item 3\n▌ item 4\n")
    #expect(drawn(Scroll(selection: 99, offset: 99)).text == "  item 2\n  item 3\n▌ item 4\n")
  }

  @Test func `the next item is partly visible in the remaining rows`() {
    #expect(drawn(Scroll(), itemHeight: 2).text == "▌ item 0\n▌ more  \n  item 1\n")
  }

  @Test func `a list without items or without rows draws nothing`() {
    #expect(drawn(Scroll(), count: 0).text == "        \n        \n        \n")
    #expect(drawn(Scroll(), height: 0).text.isEmpty)
  }

  @Test func `the number of visible items is rounded down and at least 1`() {
    #expect(ItemList.visible(height: 7, itemHeight: 2) == 3)
    #expect(ItemList.visible(height: 0) == 1 && ItemList.visible(height: 5, itemHeight: 0) == 5)
  }

  // MARK: Items of several heights

  /// Two items of three rows, then three of one.
  private let mixed = ItemHeights(tallBefore: [0, 1, 2, 2, 2, 2], height: 3)

  @Test func `a list may have tall items above those of one row`() {
    var surface = Surface.test(width: 8, height: 8)
    let list = ItemList(heights: mixed, scroll: Scroll(selection: 1)) { index, _, surface in
      for y in 0..<surface.height { surface.write("\(index)\(y)", x: 2, y: y) }
    }
    surface.draw(list, in: surface.bounds)
    #expect(
      surface.text.split(separator: "\n").map { $0.trimmingPrefix("  ").prefix(4) } == [
        "00  ", "01  ", "02  ", "▌ 10", "▌ 11", "▌ 12", "20  ", "30  ",
      ]
    )
  }

  @Test func `heights know where each item is, and which item is in a row`() {
    #expect(mixed.count == 5 && mixed.total == 9)
    #expect((0...5).map { mixed.start(of: $0) } == [0, 3, 6, 7, 8, 9])
    #expect((0..<9).map { mixed.item(atRow: $0) } == [0, 0, 0, 1, 1, 1, 2, 3, 4])
    #expect(mixed.item(atRow: 9) == nil && mixed.item(atRow: -1) == nil && mixed.start(of: 99) == 9)
    let none = ItemHeights(tallBefore: [], height: 3)
    #expect(none.count == 0 && none.total == 0 && none.item(atRow: 0) == nil && none.visible(from: 0, rows: 5) == 1)
  }

  @Test func `the selected item of several heights is visible completely, and no space remains at the bottom`() {
    #expect(Scroll(selection: 1).offset(mixed, rows: 4) == 1)
    #expect(Scroll(selection: 4).offset(mixed, rows: 4) == 2)
    #expect(Scroll(selection: 4).offset(mixed, rows: 6) == 1)
    #expect(Scroll(selection: 0, offset: 4).offset(mixed, rows: 4) == 0)
    #expect(Scroll(selection: 1).offset(mixed, rows: 2) == 1, "higher than the region")
    #expect(Scroll(selection: 3, offset: 3).offset(mixed, rows: 9) == 0)
  }

  @Test func `the visible items are those that fit completely, at least one`() {
    #expect(mixed.visible(from: 0, rows: 8) == 4 && mixed.visible(from: 0, rows: 2) == 1)
    #expect(mixed.visible(from: 2, rows: 8) == 3 && mixed.visible(from: 0, rows: 0) == 1)
  }

  @Test func `heights of any kind and regions of any size agree on what is visible`() {
    var random = SplitMix64(seed: 5)
    for _ in 0..<400 {
      var before = [0]
      for _ in 0..<Int.random(in: 0...30, using: &random) {
        before.append(before[before.count - 1] + Int.random(in: 0...1, using: &random))
      }
      let heights = ItemHeights(tallBefore: before, height: Int.random(in: 1...3, using: &random))
      let rows = Int.random(in: 1...20, using: &random)
      var scroll = Scroll()
      for _ in 0..<10 {
        scroll.select(Int.random(in: -3...35, using: &random), heights, rows: rows)
        let first = scroll.offset(heights, rows: rows)
        guard heights.count > 0 else { continue }
        let isHigh = heights.height(of: scroll.selection) > rows
        let end = heights.end(of: scroll.selection) - heights.start(of: first)
        #expect(first <= scroll.selection && (isHigh || end <= rows))
        #expect(first == 0 || heights.total - heights.start(of: first - 1) > rows, "no space at the bottom")
      }
    }
  }

  // MARK: Scroll

  @Test func `moving scrolls no further than needed`() {
    var scroll = Scroll()
    scroll.move(by: 3, count: 10, visible: 4)
    #expect(scroll == Scroll(selection: 3, offset: 0))
    scroll.move(by: 1, count: 10, visible: 4)
    #expect(scroll == Scroll(selection: 4, offset: 1))
    scroll.move(by: -2, count: 10, visible: 4)
    #expect(scroll == Scroll(selection: 2, offset: 1))
    scroll.move(by: -2, count: 10, visible: 4)
    #expect(scroll == Scroll(selection: 0, offset: 0))
  }

  @Test(arguments: [Int.max, 1 << 40, 9]) func `a step of any size ends at the last or first item`(steps: Int) {
    var scroll = Scroll()
    scroll.move(by: steps, count: 10, visible: 4)
    #expect(scroll == Scroll(selection: 9, offset: 6))
    scroll.move(by: -steps, count: 10, visible: 4)
    #expect(scroll == Scroll())
  }

  @Test func `in a list that became shorter the first row drawn exists, and in an empty one it is 0`() {
    let scroll = Scroll(selection: 9, offset: 6)
    #expect(scroll.offset(count: 3, visible: 4) == 0)
    #expect(scroll.offset(count: 8, visible: 4) == 4)
    #expect(scroll.offset(count: 0, visible: 4) == 0)
    var emptied = scroll
    emptied.select(3, count: 0, visible: 0)
    #expect(emptied == Scroll())
  }
}
