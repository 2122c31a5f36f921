import TerminalUI
import Testing

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
    #expect(surface.row(0).allSatisfy { $0.style.background == .standard })
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
