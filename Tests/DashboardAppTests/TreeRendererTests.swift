import Testing
import UploadCore
import UploadReport

@testable import DashboardApp

/// What `send DIR` shows on a terminal, as values.
@Suite struct TreeRendererTests {
  private let ledger = UploadLedger()
  private let counter = TreeCounter(total: (files: 10, bytes: 1000))
  private let group = UploadGroup(id: "t", name: "photos", files: 10, bytes: 1000)
  private var renderer: TreeRenderer
  private var sampler: Sampler
  private let start = ContinuousClock.now

  init() {
    renderer = TreeRenderer(counter, unicode: false)
    sampler = Sampler(
      ledger: ledger,
      stallAfter: .seconds(5),
      slabUse: { SlabUse(used: 0, budget: 0) },
      memory: { ProcessMemory(resident: 1, peak: 1) }
    )
  }

  private func begin(_ name: String, offset: UInt64 = 0) -> UploadMeter {
    let meter = UploadMeter(
      direction: .outgoing,
      mode: .stream,
      name: name,
      size: 100,
      remote: "h:80",
      group: group,
      startedAt: start
    )
    meter.resume(at: offset)
    meter.phase = .peer
    ledger.begin(meter)
    return meter
  }

  private mutating func parts(at seconds: Int, width: Int = 100) -> [TreeRenderer.Part] {
    renderer.parts(for: sampler.sample(at: start + .seconds(seconds)), width: width)
  }

  /// The text for the terminal, without the erasure of what was drawn before.
  private mutating func text(at seconds: Int) -> String {
    let parts = parts(at: seconds)
    guard parts.count == 1, case .terminal(let text) = parts[0] else { return "\(parts)" }
    return String(text.split(separator: "\u{1B}[J").last ?? "")
  }

  @Test mutating func `the progress line has the share of bytes, the files, and the names of those that are sent`() {
    counter.note(bytes: 100, moved: 100)
    begin("photos/a").addReceived(50)
    let text = text(at: 1)
    #expect(text.contains(" 15%") && text.contains(" 1 of 10 files") && text.hasSuffix("  photos/a\n"), "\(text)")
  }

  @Test mutating func `the line is drawn over, with the reason above it while an upload waits`() {
    let meter = begin("photos/a")
    guard case .terminal(let first)? = parts(at: 1).first else { return }
    #expect(!first.contains("\u{1B}"))
    meter.pause(because: "No server listens.", attempt: 2, until: start + .seconds(9))
    guard case .terminal(let second)? = parts(at: 2).first else { return }
    #expect(second.hasPrefix("\u{1B}[1A\r\u{1B}[J\"photos/a\": attempt 2 in 7 s: No server listens.\n"), "\(second)")
    meter.beginAttempt()
    guard case .terminal(let third)? = parts(at: 3).first else { return }
    #expect(third.hasPrefix("\u{1B}[2A\r\u{1B}[J"), "two rows are erased")
  }

  @Test mutating func `a failure is written to standard error once, between erased progress lines`() {
    _ = parts(at: 1)
    ledger.end(begin("photos/a"), .failed(UploadError(.unreadableFile, "Gone.")))
    let failed = parts(at: 2)
    #expect(failed.count == 3)
    #expect(failed.first == .terminal("\u{1B}[1A\r\u{1B}[J"))
    #expect(failed.dropFirst().first == .error("outgoing stream \"photos/a\" failed: Gone."))
    #expect(parts(at: 3).count == 1)
  }

  @Test mutating func `what fails for all files alike is written once, and of others no more than the limit`() {
    for _ in 0..<5 { ledger.end(begin("a"), .failed(UploadError(.connectionRefused, "No server."))) }
    #expect(parts(at: 1).count { if case .error = $0 { true } else { false } } == 1)
    for _ in 0..<200 { ledger.end(begin("a"), .failed(UploadError(.unreadableFile, "Gone."))) }
    #expect(parts(at: 2).count { if case .error = $0 { true } else { false } } == TreeRenderer.failureLimit - 5)
  }

  @Test mutating func `what the server had, or an earlier run has sent, counts as done, but not for the rate`() {
    _ = parts(at: 0)
    counter.noteExisting(bytes: 300)
    let resumed = begin("photos/a", offset: 60)
    let first = text(at: 1)
    #expect(first.contains(" 36%") && first.contains(" 1 of 10 files") && first.contains(" 0 B/s"), "\(first)")
    resumed.addReceived(20)
    let second = text(at: 2)
    #expect(second.contains(" 38%") && second.contains(" B/s") && !second.contains(" 0 B/s"), "\(second)")
    counter.note(bytes: 100, moved: 0)
    ledger.end(resumed, .cancelled)
    _ = parts(at: 3)
  }

  @Test mutating func `the time left is that of the files that are sent, not of those that the server had`() {
    _ = parts(at: 0)
    for _ in 0..<8 { counter.noteExisting(bytes: 0) }
    counter.note(bytes: 1, moved: 1)
    // One file in 10 s, and one is left.
    #expect(text(at: 10).contains("0:10 left"))
  }

  @Test mutating func `a narrow terminal omits fields from the end`() {
    _ = begin("photos/a")
    guard case .terminal(let text)? = parts(at: 1, width: 12).first else { return }
    #expect(text.count <= 13, "\(text)")
  }
}
