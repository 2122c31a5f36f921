import Testing

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

  @Test func `A negative count changes nothing`() {
    meter.addReceived(-1)
    meter.addStored(.min)
    #expect((meter.received, meter.stored) == (0, 0))
  }

  @Test func `The peak stays when memory is given back`() {
    meter.addSlabBytes(65_536)
    meter.setNetworkBytes(1_000)
    meter.addSlabBytes(-65_536)
    meter.setNetworkBytes(0)
    #expect(meter.residentBytes == 0)
    #expect(meter.peakResidentBytes == 66_536)
  }

  @Test func `More given back than taken reads as nothing held`() {
    meter.addSlabBytes(-1)
    #expect(meter.residentBytes == 0)
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
