import Synchronization
import Testing

@testable import UploadCore

/// An upload that somebody wants to end, whatever its data path is doing.
@Suite struct UploadCancellingTests {
  /// How often the data path was told.
  private final class Told: Sendable {
    let count = Atomic<Int>(0)

    var times: Int { count.load(ordering: .relaxed) }

    func tell() {
      count.add(1, ordering: .relaxed)
    }
  }

  private let ledger = UploadLedger()
  private let told = Told()

  private func begin() -> UploadMeter {
    let meter = UploadMeter(direction: .incoming, mode: .stream, name: "a", size: nil, remote: "")
    ledger.begin(meter)
    return meter
  }

  @Test func `The data path is told once`() {
    let meter = begin()
    meter.onCancel { [told] in told.tell() }
    #expect(ledger.cancel(meter.id))
    #expect(ledger.cancel(meter.id), "it still runs until the data path has ended it")
    #expect(told.times == 1)
    #expect(meter.ended == nil)
  }

  @Test func `A data path that comes later is told at once`() {
    let meter = begin()
    #expect(meter.cancel())
    meter.onCancel { [told] in told.tell() }
    #expect(told.times == 1)
    meter.onCancel { [told] in told.tell() }
    #expect(told.times == 2, "each that asks is told")
  }

  @Test func `What has ended cannot be cancelled, and holds on to nothing`() {
    let meter = begin()
    weak var path: Told?
    do {
      let held = Told()
      path = held
      meter.onCancel { held.tell() }
    }
    #expect(path != nil)
    ledger.end(meter, .finished(FinishedUpload(path: "a", bytes: 0)))
    #expect(path == nil)
    #expect(!meter.cancel() && !ledger.cancel(meter.id))
    meter.onCancel { [told] in told.tell() }
    #expect(told.times == 0)
    #expect(!ledger.cancel(UploadID()))
  }

  @Test func `All that run can be cancelled together`() {
    let meters = (0..<3).map { _ in begin() }
    for meter in meters { meter.onCancel { [told] in told.tell() } }
    ledger.end(meters[1], .cancelled)
    ledger.cancelAll()
    #expect(told.times == 2)
  }

  @Test func `Cancelling while it ends tells at most once and loses no end`() async {
    for _ in 0..<200 {
      let (meter, told) = (begin(), Told())
      meter.onCancel { told.tell() }
      let wasRunning = await withTaskGroup(of: Bool.self) { [ledger] group in
        for _ in 0..<3 { group.addTask { ledger.cancel(meter.id) } }
        group.addTask {
          ledger.end(meter, .cancelled)
          return false
        }
        return await group.contains(true)
      }
      #expect(meter.ended != nil)
      #expect(told.times == (wasRunning ? 1 : 0))
    }
  }
}
