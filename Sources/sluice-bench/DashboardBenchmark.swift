import ArgumentParser
import Dashboard
import Glibc
import TerminalNCurses
import UploadCore

/// Measures frames of the dashboard through ncurses, and the time from a key to its frame.
struct DashboardBenchmark: Benchmark {
  static let name = "dashboard"
  static let abstract =
    "Frames of the dashboard through ncurses while uploads run, and the time from a key to its frame."

  /// The screen, in cells.
  private static let (columns, rows) = (120, 34)

  @OptionGroup var common: BenchOptions
  @Option(help: "Numbers of running uploads. (default: 100)", transform: Parse.list(Parse.number(in: 0...4000)))
  var uploads: [Int] = [100]
  @Option(help: "Frames per round, ten per second. (default: 50)", transform: Parse.number(in: 1...10_000))
  var frames = 50
  @Option(help: "Keys pressed per round. (default: 300)", transform: Parse.number(in: 1...10_000))
  var keys = 300

  func run(rounds: Int) throws -> Report {
    // The dashboard draws all its glyphs only in a UTF-8 locale.
    setenv("LC_ALL", "C.UTF-8", 1)
    let subjects = uploads.map { count in
      Subject(labels: [String(count)]) { try MainActor.assumeIsolated { try measure(uploads: count) } }
    }
    return Report(
      labels: ["uploads"],
      columns: [
        Report.Column(title: "sample us", key: "sampleMicroseconds", digits: 0),
        Report.Column(title: "update us", key: "updateMicroseconds", digits: 0),
        Report.Column(title: "render us", key: "renderMicroseconds", digits: 0),
        Report.Column(title: "flush us", key: "flushMicroseconds", digits: 0),
        Report.Column(title: "us/frame", key: "frameMicroseconds", digits: 0),
        Report.Column(title: "% of a core at 10/s", key: "processorPercent", digits: 2),
        Report.Column(title: "bytes/frame", key: "frameBytes", digits: 0),
        Report.Column(title: "key ms", key: "keyMedianMilliseconds", digits: 2),
        Report.Column(title: "key p99 ms", key: "keyP99Milliseconds", digits: 2),
      ],
      rows: try Subject.medians(of: subjects, rounds: rounds),
      notes: [
        "\(Self.columns)x\(Self.rows), TERM=xterm-256color, \(FrameClock.framesPerSecond) frames per second. "
          + "All uploads make progress. Times of a frame are CPU time of the drawing thread.",
        "The time of a key is from pressing it until its frame is written, with frames of the uploads in between.",
      ]
    )
  }

  @MainActor
  private func measure(uploads: Int) throws -> [Double?] {
    let terminal = try DrainedTerminal(columns: Self.columns, rows: Self.rows)
    defer { close(terminal.program) }
    let stage = try DashboardStage(uploads: uploads, on: terminal)
    defer { stage.terminal.close() }
    return measureFrames(stage, terminal) + (try measureKeys(stage, terminal))
  }

  /// - Returns: the first seven columns.
  @MainActor
  private func measureFrames(_ stage: DashboardStage, _ terminal: DrainedTerminal) -> [Double?] {
    var clock = FrameClock()
    // The first frame draws the whole screen.
    _ = stage.drawFrame()
    clock.sleep()
    let bytes = terminal.byteCount
    var sums = [0.0, 0, 0, 0]
    for _ in 0..<frames {
      sums = zip(sums, stage.drawFrame()).map { $0 + $1 }
      // The terminal has received the whole frame by then.
      clock.sleep()
    }
    let means = sums.map { $0 / Double(frames) }
    let total = means.reduce(0, +)
    let microseconds: [Double?] = (means + [total]).map { $0 * 1e6 }
    let percent = total * Double(FrameClock.framesPerSecond) * 100
    return microseconds + [percent, Double(terminal.byteCount - bytes) / Double(frames)]
  }

  /// - Returns: the median and the 99th percentile, in milliseconds.
  /// - Throws: ``UploadError`` with code `internalFailure` when keys are lost.
  @MainActor
  private func measureKeys(_ stage: DashboardStage, _ terminal: DrainedTerminal) throws(UploadError) -> [Double?] {
    terminal.type(keys)
    var clock = FrameClock()
    var delays: [Double] = []
    let deadline = ContinuousClock.now + .seconds(60) + .milliseconds(100) * keys
    while delays.count < keys {
      var ready = pollfd(fd: stage.terminal.inputDescriptor, events: Int16(POLLIN), revents: 0)
      poll(&ready, 1, clock.millisecondsLeft)
      delays += terminal.takeDelays(stage.takeKeys())
      if clock.isDue() { _ = stage.drawFrame() }
      guard ContinuousClock.now < deadline else {
        throw UploadError(.internalFailure, "Only \(delays.count) of \(keys) keys were received.")
      }
    }
    return [delays.median, delays.percentile(99)].map { $0.map { $0 * 1000 } }
  }
}

/// Determines when frames are due: ten per second, the first one a tenth of a second after the start.
struct FrameClock {
  static let framesPerSecond = 10
  private static let interval = Duration.seconds(1) / framesPerSecond
  private var next = ContinuousClock.now + interval

  /// Milliseconds until the next frame, rounded up; 0 when it is due.
  var millisecondsLeft: Int32 { Int32(max(0, (next - .now).inSeconds * 1000).rounded(.up)) }

  /// Whether a frame is due. If so, the next one is due a tenth of a second after this call.
  mutating func isDue() -> Bool {
    let now = ContinuousClock.now
    guard now >= next else { return false }
    next = now + Self.interval
    return true
  }

  /// Blocks until a frame is due. The next one is due a tenth of a second later.
  mutating func sleep() {
    while !isDue() { poll(nil, 0, millisecondsLeft) }
  }
}
