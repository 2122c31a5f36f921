import TerminalUI
import Testing

@Suite struct GeometryTests {
  @Test func `the sides of a size are limited to 0 to 4,096 cells`() {
    #expect(Size(width: -3, height: 5000) == Size(width: 0, height: 4096))
    #expect(Size(width: .max, height: .min) == Size(width: 4096, height: 0))
  }

  @Test func `a rectangle contains its first row and column, and not those after its last`() {
    let rect = Rect(x: 1, y: 2, width: 3, height: 4)
    #expect((rect.maxX, rect.maxY) == (4, 6))
    #expect(rect.contains(Point(x: 1, y: 2)) && rect.contains(Point(x: 3, y: 5)))
    #expect(!rect.contains(Point(x: 4, y: 2)) && !rect.contains(Point(x: 1, y: 6)) && !rect.contains(Point(x: 0, y: 2)))
    #expect(Rect(Size(width: 80, height: 24)) == Rect(x: 0, y: 0, width: 80, height: 24))
  }

  @Test func `a rectangle of extreme values is limited, so that its edges and insets do not overflow`() {
    let rect = Rect(x: .max, y: .min, width: .max, height: -1)
    #expect(rect.maxX > 0 && rect.isEmpty)
    #expect(rect.inset(horizontally: -1000, vertically: -1000).height <= 2000)
  }

  @Test func `an intersection is the area in both rectangles`() {
    let rect = Rect(x: 0, y: 0, width: 10, height: 5)
    #expect(rect.intersection(Rect(x: 6, y: -2, width: 9, height: 4)) == Rect(x: 6, y: 0, width: 4, height: 2))
    #expect(rect.intersection(Rect(x: 10, y: 0, width: 2, height: 2)).isEmpty)
    #expect(rect.intersection(rect) == rect)
  }

  @Test func `an inset removes cells from each side, at most all, and a negative one adds them`() {
    let rect = Rect(x: 2, y: 3, width: 10, height: 5)
    #expect(rect.inset(horizontally: 2, vertically: 1) == Rect(x: 4, y: 4, width: 6, height: 3))
    #expect(rect.inset(horizontally: 6, vertically: 0).isEmpty)
    #expect(rect.inset(horizontally: -1, vertically: -1) == Rect(x: 1, y: 2, width: 12, height: 7))
  }

  @Test func `a centered rectangle is in the middle and never larger than its container`() {
    let rect = Rect(x: 10, y: 20, width: 10, height: 5)
    #expect(rect.centered(width: 4, height: 2) == Rect(x: 13, y: 21, width: 4, height: 2))
    #expect(rect.centered(width: 99, height: 99) == rect)
    #expect(rect.centered(width: -1, height: 1).isEmpty)
  }
}
