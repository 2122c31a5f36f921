import Dashboard
import TerminalNCurses
import TerminalUI
import UploadCore
import UploadTestSupport

/// Frames of the dashboard while uploads with ``HostileNames`` move and keys are pressed.
@MainActor
struct DashboardFrames: FrameSource {
  private static let keys = Array("jjkkgG\t123?sbtl ").map { KeyEvent($0) } + [KeyEvent(.enter), KeyEvent(.escape)]

  private var random: SplitMix64
  private var model: DashboardModel
  private var sampler: Sampler
  private let meters: [UploadMeter]
  private let ledger = UploadLedger()
  private var now = ContinuousClock.now

  init(seed: UInt64, _ terminal: NCursesTerminal) {
    random = SplitMix64(seed: seed)
    model = DashboardModel(
      facts: DashboardFacts(url: "http://[::1]:8080", directory: "./uploads", workingDirectory: "/", home: "/root"),
      settings: DashboardSettings(),
      capabilities: terminal.capabilities,
      size: terminal.size
    )
    meters = HostileNames.all.enumerated().map { index, name in
      UploadMeter(
        direction: index % 3 == 2 ? .outgoing : .incoming,
        mode: index % 2 == 0 ? .stream : .multipart,
        name: name,
        size: index % 5 == 4 ? nil : 1 << 30,
        remote: name
      )
    }
    for meter in meters { ledger.begin(meter) }
    sampler = Sampler(ledger: ledger, stallAfter: .seconds(5), slabUse: { SlabUse(used: 1 << 20, budget: 256 << 20) })
  }

  mutating func next(_ size: Size) -> (surface: Surface, title: String) {
    if size != model.render().size { _ = model.update(.input(.resize(size))) }
    for meter in meters where Bool.random(using: &random) {
      meter.addReceived(Int.random(in: 0...10_000_000, using: &random))
    }
    if let meter = meters.randomElement(using: &random), Int.random(in: 0..<4, using: &random) == 0 {
      ledger.end(meter, .failed(UploadError(.badRequest, "\(meter.name) is not taken here.")))
    }
    now += .milliseconds(Int.random(in: 100...900, using: &random))
    _ = model.update(.snapshot(sampler.sample(at: now), ClockTime(hour: 18, minute: 30, second: 0)))
    if let key = Self.keys.randomElement(using: &random), Bool.random(using: &random) {
      _ = model.update(.input(.key(key)))
    }
    return (model.render(), model.title)
  }
}
