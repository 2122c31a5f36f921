import TerminalUI
import Testing
import UploadTestSupport

@Suite struct LayoutTests {
  @Test(
    arguments: [
      ([.fixed(3), .rest(), .fixed(2)], 10, [3, 5, 2]),
      ([.fixed(3), .fixed(4)], 5, [3, 2]),
      ([.fixed(3), .fixed(4)], 20, [3, 4]),
      ([.rest(weight: 1), .rest(weight: 2)], 10, [3, 7]),
      ([.rest(min: 4), .rest()], 6, [5, 1]),
      ([.rest(min: 4), .fixed(5)], 6, [4, 2]),
      ([.rest(weight: 0, min: 2), .rest()], 5, [2, 3]),
      ([.fixed(-2), .rest()], 4, [0, 4]),
      ([.fixed(1), .rest()], -1, [0, 0]),
      ([], 7, []),
    ] as [([Extent], Int, [Int])]
  )
  func `fixed and minimum lengths are granted in order, and the space left is shared by weight`(
    extents: [Extent],
    total: Int,
    lengths: [Int]
  ) {
    #expect(Extent.lengths(extents, total: total) == lengths)
  }

  @Test(arguments: 1...20)
  func `the lengths of random extents never exceed the total, and fill it when one has a weight`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<100 {
      let extents = (0..<Int.random(in: 1...6, using: &random)).map { _ -> Extent in
        let length = Int.random(in: -2...30, using: &random)
        return Bool.random(using: &random)
          ? .fixed(length) : .rest(weight: Int.random(in: 1...5, using: &random), min: length)
      }
      let total = Int.random(in: 0...80, using: &random)
      let lengths = Extent.lengths(extents, total: total)
      #expect(lengths.count == extents.count && lengths.allSatisfy { $0 >= 0 })
      let hasRest = extents.contains { if case .rest = $0 { true } else { false } }
      let sum = lengths.reduce(0, +)
      #expect(hasRest ? sum == total : sum <= total, "\(extents) in \(total): \(lengths)")
    }
  }

  @Test func `rows lie one below the other and columns one beside the other`() {
    let rect = Rect(x: 2, y: 3, width: 10, height: 6)
    #expect(
      rect.rows([.fixed(1), .rest(), .fixed(1)]) == [
        Rect(x: 2, y: 3, width: 10, height: 1), Rect(x: 2, y: 4, width: 10, height: 4),
        Rect(x: 2, y: 8, width: 10, height: 1),
      ]
    )
    #expect(
      rect.columns([.fixed(4), .fixed(1), .rest()]) == [
        Rect(x: 2, y: 3, width: 4, height: 6), Rect(x: 6, y: 3, width: 1, height: 6),
        Rect(x: 7, y: 3, width: 5, height: 6),
      ]
    )
  }

  private static let table = [
    Column(.flexible(min: 8), priority: 0), Column(.fixed(4), priority: 1), Column(.fixed(6), priority: 2),
  ]

  @Test(
    arguments: [
      (30, [0..<18, 19..<23, 24..<30]), (20, [0..<8, 9..<13, 14..<20]), (19, [0..<14, 15..<19, nil]),
      (12, [0..<12, nil, nil]), (5, [0..<5, nil, nil]), (0, [nil, nil, nil]), (-4, [nil, nil, nil]),
    ] as [(Int, [Range<Int>?])]
  )
  func `columns with the highest priority number are omitted first, and a single remaining one is narrowed`(
    width: Int,
    ranges: [Range<Int>?]
  ) {
    #expect(Column.layout(Self.table, width: width) == ranges)
  }

  @Test func `a narrow column does not appear when a wide one with a lower priority number is omitted`() {
    let columns = [Column(.fixed(2), priority: 0), Column(.fixed(10), priority: 1), Column(.fixed(1), priority: 2)]
    #expect(Column.layout(columns, width: 6) == [0..<2, nil, nil])
  }

  @Test func `columns appear in their own order, not in that of their priorities`() {
    let columns = [Column(.fixed(2), priority: 2), Column(.fixed(3), priority: 0), Column(.fixed(4), priority: 1)]
    #expect(Column.layout(columns, width: 11) == [0..<2, 3..<6, 7..<11])
    #expect(Column.layout(columns, width: 10) == [nil, 0..<3, 4..<8])
  }

  @Test func `flexible columns share the remaining space by weight`() {
    let columns = [Column(.flexible(min: 2, weight: 3), priority: 0), Column(.flexible(min: 2), priority: 1)]
    #expect(Column.layout(columns, width: 13) == [0..<8, 9..<13])
  }
}
