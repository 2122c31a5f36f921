import Testing
import UploadCore

@testable import UploadReport

@Suite struct ProgressLineTests {
  private let sending = UploadSnapshot.example {
    $0.direction = .outgoing
    $0.state = .sending
  }

  @Test func `a progress line of 80 columns has all fields, with and without Unicode`() {
    #expect(
      ProgressLine.text(sending, width: 80, unicode: true)
        == "a.bin  █████████████▌─────────────   50%    96.2 MiB/s      0:05     mem 3.0 MiB"
    )
    #expect(
      ProgressLine.text(sending, width: 80, unicode: false)
        == "a.bin  #############--------------   50%    96.2 MiB/s      0:05     mem 3.0 MiB"
    )
  }

  @Test(arguments: [
    (60, "a.bin  ███████████▌───────────   50%    96.2 MiB/s      0:05"),
    (50, "a.bin  ██████▌──────   50%    96.2 MiB/s      0:05"), (40, "a.bin  ██████▌──────   50%    96.2 MiB/s"),
    (30, "a.bin  ████████▌────────   50%"), (20, "a.bin            50%"), (12, "a.bin    50%"), (8, "a.…  50%"),
    (4, " 50%"), (3, " 50"), (1, " "), (0, ""), (-3, ""),
  ])
  func `a narrower progress line omits memory, time, rate and bar in this order`(width: Int, line: String) {
    #expect(ProgressLine.text(sending, width: width, unicode: true) == line)
  }

  @Test func `the progress line of an upload that waits for its next attempt shows when and why`() {
    let upload = sending.changed {
      $0.state = .waiting
      $0.retryReason = "Connection refused by h.\u{1B}[m"
      $0.attempt = 3
      $0.retryIn = 11.2
    }
    let line = ProgressLine.text(upload, width: 60, unicode: true)
    #expect(line.hasPrefix("a.bin  attempt 3 in 12 s: Connection refused by h.\u{FFFD}[m "))
    #expect(line.count == 60)
    #expect(ProgressLine.text(upload, width: 30, unicode: false) == "a.bin  attempt 3 in 12 s: C...")
    #expect(ProgressLine.text(upload, width: 1, unicode: true).count == 1)
  }

  @Test func `the progress line of an upload of unknown size shows bytes and a moving segment`() {
    let upload = sending.changed {
      $0.size = nil
      $0.eta = nil
    }
    let line = ProgressLine.text(upload, width: 80, unicode: false)
    #expect(line == "a.bin  --------####---------   512.0 MiB    96.2 MiB/s               mem 3.0 MiB")
    #expect(!line.contains("%"))
    #expect(line != ProgressLine.text(upload.changed { $0.seconds += 0.5 }, width: 80, unicode: false))
  }

  @Test(
    arguments: [
      (.stalled, .server, "stalled", "server"), (.waiting, nil, "waiting", ""), (.finishing, nil, "finishing", ""),
      (.waitingForMemory, nil, "needs memory", ""), (.limited, nil, "96.2 MiB/s", ""),
      (.done, nil, "85.8 MiB/s", "0:05"),
      (.failed, nil, "failed", "0:05"), (.cancelled, nil, "cancelled", "0:05"),
    ] as [(UploadState, StallCause?, String, String)]
  )
  func `a progress line shows the rate or the name of the state, and the cause of a stall or the duration`(
    state: UploadState,
    cause: StallCause?,
    pace: String,
    time: String
  ) {
    let upload = sending.changed {
      $0.state = state
      $0.cause = cause
      $0.eta = nil
    }
    let line = ProgressLine.text(upload, width: 80, unicode: false)
    #expect(line.contains(pace))
    #expect(line.contains(time))
  }

  @Test func `a long name in a progress line is truncated with an ellipsis`() {
    let upload = sending.changed { $0.name = String(repeating: "long", count: 20) }
    #expect(ProgressLine.text(upload, width: 100, unicode: true).hasPrefix("longlonglonglonglonglong"))
    #expect(ProgressLine.text(upload, width: 100, unicode: true).contains("…  █"))
    #expect(ProgressLine.text(upload, width: 100, unicode: false).contains("...  #"))
  }

  @Test func `a progress line without Unicode is printable ASCII in every width`() {
    let upload = sending.changed { $0.name = "写真 Ä\u{1B}.jpg" }
    for width in 0...120 {
      #expect(ProgressLine.text(upload, width: width, unicode: false).utf8.allSatisfy { (0x20..<0x7F).contains($0) })
    }
  }

  @Test func `a control sequence in a name is not in the progress line`() {
    let upload = sending.changed { $0.name = "\u{1B}[2J\u{202E}x" }
    let line = ProgressLine.text(upload, width: 80, unicode: true)
    #expect(!line.unicodeScalars.contains(where: PlainText.isUnsafe))
  }

  @Test func `a progress line has exactly its width for extreme names, numbers and states`() {
    let names = ["", "a", "写真写真写真写真写真", "Z" + String(repeating: "\u{336}", count: 500), "e\u{301}clair.txt"]
    let numbers: [Double] = [0, 0.5, 1e6, 1e300, -1, .nan, .infinity]
    for name in names {
      for number in numbers {
        for state in UploadState.allCases {
          let upload = sending.changed {
            $0.name = name
            $0.size = number == 0 ? nil : .max
            $0.bytes = .max
            ($0.speed, $0.averageSpeed, $0.eta, $0.seconds) = (number, number, number, number)
            ($0.state, $0.cause) = (state, state == .stalled ? .disk : nil)
            $0.residentBytes = number > 1 ? .max : .min
          }
          for width in [0, 1, 2, 5, 9, 14, 20, 27, 35, 44, 54, 65, 77, 90] {
            #expect(TextWidth.columns(ProgressLine.text(upload, width: width, unicode: width % 2 == 0)) == width)
          }
        }
      }
    }
  }
}

@Suite struct ProgressBarTests {
  @Test(
    arguments: [
      (0, "────"), (0.03125, "▏───"), (0.125, "▌───"), (0.25, "█───"), (0.5, "██──"), (0.625, "██▌─"), (0.999, "███▉"),
      (1, "████"), (2, "████"), (-1, "────"), (.nan, "────"), (.infinity, "────"),
    ] as [(Double, String)]
  )
  func `a bar in Unicode is exact to an eighth of a column`(fraction: Double, bar: String) {
    #expect(ProgressBar.filled(fraction, width: 4, unicode: true) == bar)
  }

  @Test(arguments: [(0, "----"), (0.49, "#---"), (0.5, "##--"), (1, "####")] as [(Double, String)])
  func `a bar in ASCII is exact to a column`(fraction: Double, bar: String) {
    #expect(ProgressBar.filled(fraction, width: 4, unicode: false) == bar)
  }

  @Test(
    arguments: [
      (0, "##--------"), (0.5, "----##----"), (1, "--------##"), (1.5, "----##----"), (2, "##--------"),
      (.nan, "##--------"), (-5, "##--------"), (.infinity, "##--------"),
    ] as [(Double, String)]
  )
  func `the segment of a bar without a fraction moves to and fro with time`(seconds: Double, bar: String) {
    #expect(ProgressBar.moving(seconds, width: 10, unicode: false) == bar)
  }

  @Test(arguments: -1...12, [0, 0.3, 7.7, 1e300])
  func `a bar has exactly its width`(width: Int, number: Double) {
    for unicode in [true, false] {
      #expect(ProgressBar.filled(number, width: width, unicode: unicode).count == max(0, width))
      #expect(ProgressBar.moving(number, width: width, unicode: unicode).count == max(0, width))
    }
  }
}
