import Synchronization
import Testing
import UploadTestSupport

@testable import UploadCore

@Suite struct UploadMeterTests {
  private let meter = UploadMeter(direction: .incoming, mode: .stream, name: "a", size: nil, remote: "")

  @Test func `Received, stored and durable are counted apart`() {
    meter.addReceived(100)
    meter.addStored(60)
    #expect((meter.received, meter.stored, meter.durable) == (100, 60, 0))
    meter.markDurable()
    #expect((meter.received, meter.stored, meter.durable) == (100, 60, 60))
  }

  @Test func `What an attempt has moved in vain stays moved, but is nothing of the next one`() {
    meter.addReceived(100)
    meter.pause(because: "gone", attempt: 2, until: .now)
    #expect((meter.received, meter.transferred) == (0, 100))
    meter.beginAttempt()
    meter.addReceived(30)
    #expect((meter.received, meter.transferred) == (30, 130))
    meter.pause(because: "gone again", attempt: 2, until: .now)
    #expect((meter.received, meter.transferred) == (0, 130))
  }

  @Test func `A negative count changes nothing`() {
    meter.addReceived(-1)
    meter.addStored(.min)
    #expect((meter.received, meter.stored) == (0, 0))
  }

  @Test func `The peak stays when memory is given back`() {
    let pages = MappedPages(65_536)
    meter.add(pages.region)
    meter.setNetworkBytes(1_000)
    meter.remove(pages.region)
    meter.setNetworkBytes(0)
    #expect(meter.residentBytes == 0)
    #expect(meter.peakResidentBytes == 66_536)
  }

  @Test func `Resident are the pages that were touched, and the network's buffers`() {
    let (first, second) = (MappedPages(1 << 20), MappedPages(65_536))
    meter.add(first.region)
    meter.add(second.region)
    #expect(meter.residentBytes == 0)
    first.touch(40_000)
    #expect(meter.residentBytes == 40_960)
    second.touch(65_536)
    meter.setNetworkBytes(1_000)
    #expect(meter.residentBytes == 40_960 + 65_536 + 1_000)
    #expect(meter.peakResidentBytes == 1 << 20 + 65_536 + 1_000, "the peak counts what is held")
    meter.remove(first.region)
    #expect(meter.residentBytes == 66_536)
    meter.removeAllMemory()
    #expect(meter.residentBytes == 0)
  }

  @Test func `Letting go of what is not held changes nothing`() {
    meter.remove(MappedPages(65_536).region)
    #expect(meter.residentBytes == 0)
    meter.setNetworkBytes(10)
    #expect(meter.peakResidentBytes == 10)
  }

  @Test func `A phase is read as it was written`() {
    #expect(meter.phase == .waiting)
    meter.phase = .disk
    #expect(meter.phase == .disk)
  }

  @Test func `Counters of many threads add up`() async {
    let meter = meter
    await withTaskGroup { group in
      for _ in 0..<4 {
        group.addTask { for _ in 0..<10_000 { meter.addReceived(3) } }
      }
    }
    #expect(meter.received == 120_000)
  }
}

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
