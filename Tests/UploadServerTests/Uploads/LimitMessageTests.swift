import NIOCore
import Testing
import UploadCore

@testable import UploadServer

/// Limits in messages, and limits at the ends of their ranges.
@Suite struct LimitMessageTests {
  @Test func `the longest times do not overflow, and the time limit of headers is at most 20 s`() {
    var limits = UploadLimits()
    (limits.idleTimeout, limits.grace) = (.seconds(Int64.max), .seconds(Int64.max))
    #expect(limits.idleTime == .nanoseconds(.max) && limits.graceTime == .nanoseconds(.max))
    #expect(limits.headerTime == .seconds(20))
    limits.idleTimeout = .milliseconds(1500)
    #expect(limits.idleTime == .milliseconds(1500) && limits.headerTime == .milliseconds(1500))
  }

  @Test func `an error message repeats a limit in the unit it was set in`() async throws {
    var limits = UploadLimits()
    limits.maxSize = try SizeSetting(parsing: "1MB")
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 1000001"]))
      #expect(try harness.received().contains("the limit is 1 MB."))
    }
    let rate = try SizeSetting(parsingRate: "10KB/s")
    #expect(UploadError.tooSlow(limit: rate).message.contains("the minimum rate is 10 kB/s."))
  }
}
