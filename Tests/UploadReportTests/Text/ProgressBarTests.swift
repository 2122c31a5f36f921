import Testing

@testable import UploadReport

@Suite struct ProgressBarTests {
  @Test(
    arguments: [
      (0, "────"), (0.03125, "▏───"), (0.125, "▌───"), (0.25, "█───"), (0.5, "██──"), (0.625, "██▌─"), (0.999, "███▉"),
      (1, "████"), (2, "████"), (-1, "────"), (.nan, "────"), (.infinity, "────"),
    ] as [(Double, String)]
  )
  func `A bar is drawn to an eighth of a column`(fraction: Double, bar: String) {
    #expect(ProgressBar.filled(fraction, width: 4, unicode: true) == bar)
  }

  @Test(arguments: [(0, "----"), (0.49, "#---"), (0.5, "##--"), (1, "####")] as [(Double, String)])
  func `A bar in ASCII is drawn in whole columns`(fraction: Double, bar: String) {
    #expect(ProgressBar.filled(fraction, width: 4, unicode: false) == bar)
  }

  @Test(
    arguments: [
      (0, "##--------"), (0.5, "----##----"), (1, "--------##"), (1.5, "----##----"), (2, "##--------"),
      (.nan, "##--------"), (-5, "##--------"), (.infinity, "##--------"),
    ] as [(Double, String)]
  )
  func `A segment wanders to and fro with time`(seconds: Double, bar: String) {
    #expect(ProgressBar.moving(seconds, width: 10, unicode: false) == bar)
  }

  @Test(arguments: -1...12, [0, 0.3, 7.7, 1e300])
  func `Any width is kept`(width: Int, number: Double) {
    for unicode in [true, false] {
      #expect(ProgressBar.filled(number, width: width, unicode: unicode).count == max(0, width))
      #expect(ProgressBar.moving(number, width: width, unicode: unicode).count == max(0, width))
    }
  }
}
