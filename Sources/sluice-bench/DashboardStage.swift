import Basics
import Dashboard
import Glibc
import TerminalNCurses
import TerminalUI
import UploadCore

/// The dashboard on a terminal, with uploads that move between any two frames; run by hand, a frame at a time.
@MainActor
final class DashboardStage {
  /// What a frame took of this thread: seconds of a processor.
  struct Costs {
    var sample = 0.0
    var update = 0.0
    var render = 0.0
    var flush = 0.0

    var total: Double { sample + update + render + flush }
  }

  private let terminal: NCursesTerminal
  private let meters: [UploadMeter]
  private var sampler: Sampler
  private var model: DashboardModel
  private var noise = SplitMix64(seed: 11)

  /// - Throws: `TerminalError` when ncurses will not draw there.
  init(uploads: Int, on screen: DrainedTerminal) throws {
    terminal = try NCursesTerminal(
      type: "xterm-256color",
      usesColor: true,
      input: screen.program,
      output: screen.program,
      guardsProcess: false
    )
    let ledger = UploadLedger()
    meters = (0..<uploads).map { number in
      UploadMeter(
        direction: number.isMultiple(of: 2) ? .incoming : .outgoing,
        mode: number.isMultiple(of: 3) ? .multipart : .stream,
        name: "recording \(number).wav",
        size: 4 << 30,
        remote: "192.168.1.7:\(50_000 + number)"
      )
    }
    for meter in meters { ledger.begin(meter) }
    sampler = Sampler(ledger: ledger, stallAfter: .seconds(5), slabUse: { SlabUse(used: 100 << 20, budget: 256 << 20) })
    model = DashboardModel(
      facts: DashboardFacts(url: "http://127.0.0.1:8080", directory: "uploads", workingDirectory: "/", home: "/root"),
      settings: DashboardSettings(),
      capabilities: terminal.capabilities,
      size: terminal.size
    )
  }

  /// Where keys arrive.
  var inputDescriptor: Int32 { terminal.inputDescriptor }

  /// Lets all uploads move by 0 to 4 MiB, looks at them, and draws.
  func drawFrame() -> Costs {
    for (meter, word) in zip(meters, noise.bytes(meters.count)) {
      meter.addReceived(Int(word) << 14)
      if meter.direction == .incoming { meter.addStored(Int(word) << 14) }
    }
    var costs = Costs()
    let snapshot = Self.measure(&costs.sample) { sampler.sample() }
    Self.measure(&costs.update) {
      _ = model.update(.snapshot(snapshot, ClockTime(hour: 12, minute: 0, second: 0)))
    }
    draw(&costs)
    return costs
  }

  /// Takes the keys that have come, and draws what follows from them.
  /// - Returns: how many.
  func takeKeys() -> Int {
    var count = 0
    for case .key(let key) in terminal.pendingEvents() {
      _ = model.update(.input(.key(key)))
      count += 1
    }
    var costs = Costs()
    if count > 0 { draw(&costs) }
    return count
  }

  func end() {
    terminal.close()
  }

  private func draw(_ costs: inout Costs) {
    let surface = Self.measure(&costs.render) { model.render() }
    Self.measure(&costs.flush) { terminal.draw(surface) }
  }

  private static func measure<Result>(_ seconds: inout Double, _ body: () -> Result) -> Result {
    let start = processorSeconds
    defer { seconds += processorSeconds - start }
    return body()
  }

  /// Of this thread.
  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
