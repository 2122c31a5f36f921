import Testing

@testable import Dashboard

@Suite struct FiguresTests {
  @Test func ratesOfOneUnitSayItOnce() {
    let mebi = 1_048_576.0
    #expect(
      Figures.rates([("", 48 * mebi), ("average ", 49.4 * mebi), ("peak ", 65.6 * mebi)])
        == "48.0, average 49.4, peak 65.6 MiB/s"
    )
    #expect(Figures.rates([("average ", 512 * 1024), ("peak ", 2 * mebi)]) == "average 512.0 KiB/s, peak 2.0 MiB/s")
    #expect(Figures.rates([("average ", 0)]) == "average 0 B/s")
    #expect(Figures.rates([]) == "")
  }
}
