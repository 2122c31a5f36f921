import Synchronization
import Testing
import UploadTestSupport

@testable import UploadCore

@Suite struct UploadMeterTests {
  private let meter = UploadMeter(direction: .incoming, mode: .stream, name: "a", size: nil, remote: "")

  @Test func `received, stored and durable bytes are counted separately`() {
    meter.addReceived(100)
    meter.addStored(60)
    #expect((meter.received, meter.stored, meter.durable) == (100, 60, 0))
    meter.markDurable()
    #expect((meter.received, meter.stored, meter.durable) == (100, 60, 60))
  }

  @Test func `bytes of a failed attempt count as transferred, but not as received`() {
    meter.addReceived(100)
    meter.pause(because: "gone", attempt: 2, until: .now)
    #expect((meter.received, meter.transferred) == (0, 100))
    meter.beginAttempt()
    meter.addReceived(30)
    #expect((meter.received, meter.transferred) == (30, 130))
    meter.pause(because: "gone again", attempt: 2, until: .now)
    #expect((meter.received, meter.transferred) == (0, 130))
  }

  @Test func `a size that was unknown is set once`() {
    #expect(meter.size == nil)
    meter.setSize(5)
    meter.setSize(7)
    #expect(meter.size == 5)
  }

  @Test func `a resumable upload keeps its received bytes between attempts`() {
    meter.resume(at: 1000)
    #expect((meter.received, meter.transferred) == (1000, 0))
    meter.addReceived(100)
    meter.pause(because: "gone", attempt: 2, until: .now, continuingAt: meter.received)
    #expect((meter.received, meter.transferred) == (1100, 100))
  }

  @Test func `an upload that becomes a plain one can be paused no longer`() {
    meter.mode = .resumable
    meter.onPause { _ in }
    #expect(meter.canPause && meter.setPaused(true) && meter.isPaused)
    meter.endPausing()
    meter.mode = .stream
    #expect(!meter.canPause && !meter.isPaused && !meter.setPaused(true))
  }

  @Test func `a notice is kept until another one replaces it`() {
    #expect(meter.notice == nil)
    meter.notice = "changed"
    #expect(meter.notice == "changed")
  }

  @Test func `counts whose sum exceeds 64 bits do not trap`() {
    for _ in 0..<3 {
      meter.addReceived(.max)
      meter.addStored(.max)
    }
    #expect(meter.received == meter.stored)
  }

  @Test func `a negative count changes nothing`() {
    meter.addReceived(-1)
    meter.addStored(.min)
    #expect((meter.received, meter.stored) == (0, 0))
  }

  @Test func `the peak of an upload's memory is kept when its memory is released`() {
    let pages = MappedPages(65_536)
    meter.add(pages.region)
    meter.setNetworkBytes(1_000)
    meter.remove(pages.region)
    meter.setNetworkBytes(0)
    #expect(meter.residentBytes == 0)
    #expect(meter.peakResidentBytes == 66_536)
  }

  @Test func `the resident memory is that of the touched pages of all regions and of the network buffers`() {
    let (first, second) = (MappedPages(1 << 20), MappedPages(65_536))
    meter.add(first.region)
    meter.add(second.region)
    #expect(meter.residentBytes == 0)
    first.touch(40_000)
    #expect(meter.residentBytes == 40_960)
    second.touch(65_536)
    meter.setNetworkBytes(1_000)
    #expect(meter.residentBytes == 40_960 + 65_536 + 1_000)
    #expect(meter.peakResidentBytes == 1 << 20 + 65_536 + 1_000, "the peak counts all memory in use")
    meter.remove(first.region)
    #expect(meter.residentBytes == 66_536)
    meter.removeAllMemory()
    #expect(meter.residentBytes == 0)
  }

  @Test func `removing a region that was not added changes nothing`() {
    meter.remove(MappedPages(65_536).region)
    #expect(meter.residentBytes == 0)
    meter.setNetworkBytes(10)
    #expect(meter.peakResidentBytes == 10)
  }

  @Test func `the phase is waiting at first, and then the one that was set`() {
    #expect(meter.phase == .waiting)
    meter.phase = .disk
    #expect(meter.phase == .disk)
  }

  @Test func `bytes that several threads count at the same time add up`() async {
    let meter = meter
    await withTaskGroup { group in
      for _ in 0..<4 {
        group.addTask { for _ in 0..<10_000 { meter.addReceived(3) } }
      }
    }
    #expect(meter.received == 120_000)
  }
}

/// Cancelling an upload in any state of its data path.
@Suite struct UploadCancellingTests {
  /// Counts how often the data path was interrupted.
  private final class DataPath: Sendable {
    let count = Atomic<Int>(0)

    var interrupts: Int { count.load(ordering: .relaxed) }

    func interrupt() {
      count.add(1, ordering: .relaxed)
    }
  }

  private let ledger = UploadLedger()
  private let dataPath = DataPath()

  private func begin() -> UploadMeter {
    let meter = UploadMeter(direction: .incoming, mode: .stream, name: "a", size: nil, remote: "")
    ledger.begin(meter)
    return meter
  }

  @Test func `cancelling a running upload twice interrupts its data path once and does not end it`() {
    let meter = begin()
    meter.onCancel { [dataPath] in dataPath.interrupt() }
    #expect(ledger.cancel(meter.id))
    #expect(ledger.cancel(meter.id), "it still runs until the data path has ended it")
    #expect(dataPath.interrupts == 1)
    #expect(meter.ended == nil)
  }

  @Test func `a data path that is set after the upload was cancelled is interrupted at once`() {
    let meter = begin()
    #expect(meter.cancel())
    meter.onCancel { [dataPath] in dataPath.interrupt() }
    #expect(dataPath.interrupts == 1)
    meter.onCancel { [dataPath] in dataPath.interrupt() }
    #expect(dataPath.interrupts == 2, "each new data path is interrupted")
  }

  @Test func `an ended upload cannot be cancelled, and retains no data path`() {
    let meter = begin()
    weak var path: DataPath?
    do {
      let dataPath = DataPath()
      path = dataPath
      meter.onCancel { dataPath.interrupt() }
    }
    #expect(path != nil)
    ledger.end(meter, .finished(FinishedUpload(path: "a", bytes: 0)))
    #expect(path == nil)
    #expect(!meter.cancel() && !ledger.cancel(meter.id))
    meter.onCancel { [dataPath] in dataPath.interrupt() }
    #expect(dataPath.interrupts == 0)
    #expect(!ledger.cancel(UploadID()))
  }

  @Test func `cancelling all uploads interrupts only those that have not ended`() {
    let meters = (0..<3).map { _ in begin() }
    for meter in meters { meter.onCancel { [dataPath] in dataPath.interrupt() } }
    ledger.end(meters[1], .cancelled)
    ledger.cancelAll()
    #expect(dataPath.interrupts == 2)
  }

  @Test func `an upload that several threads cancel while it ends is interrupted at most once, and it ends`() async {
    for _ in 0..<200 {
      let (meter, dataPath) = (begin(), DataPath())
      meter.onCancel { dataPath.interrupt() }
      let wasRunning = await withTaskGroup(of: Bool.self) { [ledger] group in
        for _ in 0..<3 { group.addTask { ledger.cancel(meter.id) } }
        group.addTask {
          ledger.end(meter, .cancelled)
          return false
        }
        return await group.contains(true)
      }
      #expect(meter.ended != nil)
      #expect(dataPath.interrupts == (wasRunning ? 1 : 0))
    }
  }
}
