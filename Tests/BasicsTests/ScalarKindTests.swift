import Basics
import Testing

@Suite struct ScalarKindTests {
  @Test(
    arguments: [
      ("a", 1), ("\u{A0}", 1), ("ä", 1), ("─", 1), ("⣿", 1), ("漢", 2), ("ｆ", 2), ("ｶ", 1), ("한", 2), ("〈", 2), ("😀", 2),
      ("\u{1100}", 2), ("\u{1161}", 0), ("\u{301}", 0), ("\u{20E3}", 0), ("\u{200D}", 0), ("\u{FE0F}", 0),
      ("\u{E0067}", 0),
      ("\u{1F3FD}", 2), ("\u{1F1E9}", 1), ("\u{7}", 1), ("\u{202E}", 1), ("\u{378}", 1), ("\u{20000}", 2),
    ] as [(Unicode.Scalar, Int)]
  )
  func `a scalar has two columns if it is wide or a skin tone, none if it combines, joins, tags or selects, else one`(
    scalar: Unicode.Scalar,
    columns: Int
  ) {
    #expect(ScalarKind(scalar).columns == columns)
  }

  @Test(
    arguments: [
      ("\u{7F}", .unsafe), ("\u{AD}", .unsafe), ("\u{200B}", .unsafe), ("\u{2028}", .unsafe), ("\u{E000}", .narrow),
      ("\u{301}", .mark), ("\u{200C}", .joiner), ("\u{1F3FB}", .skinTone), ("\u{E0061}", .tag),
      ("\u{E0100}", .variationSelector), ("\u{D7B0}", .mark),
    ] as [(Unicode.Scalar, ScalarKind)]
  )
  func `scalars are classified by their effect on a terminal`(scalar: Unicode.Scalar, kind: ScalarKind) {
    #expect(ScalarKind(scalar) == kind)
  }
}
