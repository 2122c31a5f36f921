import Testing

@testable import UploadCore

@Suite struct UploadSnapshotTests {
  @Test(
    arguments: [
      (0, 10, 0), (5, 10, 0.5), (10, 10, 1), (11, 10, 1), (0, 0, 1), (5, nil, nil),
    ] as [(UInt64, UInt64?, Double?)]
  )
  func `the share that has moved is between 0 and 1`(bytes: UInt64, size: UInt64?, fraction: Double?) throws {
    let meter = UploadMeter(direction: .incoming, mode: .stream, name: "a", size: size, remote: "")
    meter.addReceived(Int(bytes))
    let ledger = UploadLedger()
    ledger.begin(meter)
    var sampler = Sampler(ledger: ledger, stallAfter: .seconds(5), slabUse: { SlabUse(used: 0, budget: 0) })
    #expect(try #require(sampler.sample().uploads.first).fraction == fraction)
  }
}
