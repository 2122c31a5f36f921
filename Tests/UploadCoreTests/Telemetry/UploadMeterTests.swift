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
    meter.startAgain()
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
    meter.hold(pages.region)
    meter.setNetworkBytes(1_000)
    meter.letGo(pages.region)
    meter.setNetworkBytes(0)
    #expect(meter.residentBytes == 0)
    #expect(meter.peakResidentBytes == 66_536)
  }

  @Test func `Resident are the pages that were touched, and the network's buffers`() {
    let (first, second) = (MappedPages(1 << 20), MappedPages(65_536))
    meter.hold(first.region)
    meter.hold(second.region)
    #expect(meter.residentBytes == 0)
    first.touch(40_000)
    #expect(meter.residentBytes == 40_960)
    second.touch(65_536)
    meter.setNetworkBytes(1_000)
    #expect(meter.residentBytes == 40_960 + 65_536 + 1_000)
    #expect(meter.peakResidentBytes == 1 << 20 + 65_536 + 1_000, "the peak counts what is held")
    meter.letGo(first.region)
    #expect(meter.residentBytes == 66_536)
    meter.letGoOfAll()
    #expect(meter.residentBytes == 0)
  }

  @Test func `Letting go of what is not held changes nothing`() {
    meter.letGo(MappedPages(65_536).region)
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
