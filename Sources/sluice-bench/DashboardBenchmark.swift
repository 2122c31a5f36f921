import ArgumentParser
import Dashboard
import Glibc
import UploadCore

/// What it costs to show: a frame of the dashboard through ncurses, and how soon a key is seen.
struct DashboardBenchmark: Benchmark {
  static let name = "dashboard"
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Frames of the dashboard through ncurses while uploads move, and the time from a key to its frame."
  )

  private static let framesPerSecond = 10
  /// The screen, in cells.
  private static let (columns, rows) = (120, 34)

  @OptionGroup var common: BenchOptions
  @Option(help: "How many uploads run. (default: 100)", transform: BenchValue.numbers(in: 0...4000))
  var uploads: [Int] = [100]
  @Option(help: "Frames drawn a round, ten a second. (default: 50)", transform: BenchValue.number(in: 1...10_000))
  var frames = 50
  @Option(help: "Keys pressed a round. (default: 300)", transform: BenchValue.number(in: 1...10_000))
  var keys = 300

  func run(rounds: Int) throws -> Report {
    // What is measured is the dashboard with all its glyphs, wherever it is measured.
    setenv("LC_ALL", "C.UTF-8", 1)
    let subjects = uploads.map { count in
      Subject(labels: [String(count)]) { try MainActor.assumeIsolated { try measure(uploads: count) } }
    }
    return Report(
      name: Self.name,
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
        "\(Self.columns)x\(Self.rows), TERM=xterm-256color, \(Self.framesPerSecond) frames a second, all uploads moving; "
          + "times of a frame are the drawing thread's on the processor.",
        "A key counts from when it is pressed until its frame has been written, frames of the uploads in between.",
      ]
    )
  }

  @MainActor
  private func measure(uploads: Int) throws -> [Double?] {
    let terminal = try DrainedTerminal(columns: Self.columns, rows: Self.rows)
    defer { terminal.end() }
    let stage = try DashboardStage(uploads: uploads, on: terminal)
    defer { stage.end() }
    return measureFrames(stage, terminal) + (try measureKeys(stage, terminal))
  }

  /// - Returns: the numbers of the first seven columns.
  @MainActor
  private func measureFrames(_ stage: DashboardStage, _ terminal: DrainedTerminal) -> [Double?] {
    var clock = FrameClock(perSecond: Self.framesPerSecond)
    // The first one is the whole screen.
    _ = stage.drawFrame()
    clock.sleep()
    let bytes = terminal.byteCount
    var all: [DashboardStage.Costs] = []
    for _ in 0..<frames {
      all.append(stage.drawFrame())
      // All of it is at the other end by then.
      clock.sleep()
    }
    let times = [\DashboardStage.Costs.sample, \.update, \.render, \.flush, \.total].map { path in
      all.reduce(0) { $0 + $1[keyPath: path] } / Double(frames)
    }
    let total = times.last ?? 0
    return times.map { $0 * 1e6 }
      + [total * Double(Self.framesPerSecond) * 100, Double(terminal.byteCount - bytes) / Double(frames)]
  }

  /// - Returns: the median and the 99th percentile, in milliseconds.
  /// - Throws: ``UploadError`` with code `internalFailure` when keys get lost.
  @MainActor
  private func measureKeys(_ stage: DashboardStage, _ terminal: DrainedTerminal) throws(UploadError) -> [Double?] {
    let typist = Typist()
    typist.type(keys, on: terminal)
    var clock = FrameClock(perSecond: Self.framesPerSecond)
    var delays: [Double] = []
    let deadline = ContinuousClock.now + .seconds(60) + .milliseconds(100) * keys
    while delays.count < keys {
      var ready = pollfd(fd: stage.inputDescriptor, events: Int16(POLLIN), revents: 0)
      poll(&ready, 1, clock.millisecondsLeft)
      delays += typist.takeDelays(stage.takeKeys())
      if clock.isDue() { _ = stage.drawFrame() }
      guard ContinuousClock.now < deadline else {
        throw UploadError(.internalFailure, "Of \(keys) keys \(delays.count) came through.")
      }
    }
    return [delays.median, delays.percentile(99)].map { $0.map { $0 * 1000 } }
  }
}

/// When frames are due.
struct FrameClock {
  private let interval: Duration
  private var next: ContinuousClock.Instant

  init(perSecond: Int) {
    interval = .seconds(1) / perSecond
    next = .now + interval
  }

  /// Until the next frame, rounded up.
  var millisecondsLeft: Int32 {
    Int32(max(0, (next - .now).inSeconds * 1000).rounded(.up))
  }

  /// Whether a frame is due; counts as drawn then.
  mutating func isDue() -> Bool {
    let now = ContinuousClock.now
    guard now >= next else { return false }
    next = now + interval
    return true
  }

  /// Waits until a frame is due.
  mutating func sleep() {
    while !isDue() { poll(nil, 0, millisecondsLeft) }
  }
}
