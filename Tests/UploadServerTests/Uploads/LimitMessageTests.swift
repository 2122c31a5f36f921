import Testing
import UploadCore

@testable import UploadServer

@Suite struct LimitMessageTests {
  @Test func `a limit is repeated in the unit it was set in`() async throws {
    var limits = UploadLimits()
    limits.maxSize = try SizeSetting(parsing: "1MB")
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 1000001"]))
      #expect(try harness.received().contains("(1 MB)"))
    }
    let rate = try SizeSetting(parsingRate: "10KB/s")
    #expect(UploadError.tooSlow(limit: rate).message.contains("(10 KB/s)"))
  }
}
