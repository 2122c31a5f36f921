import Testing
import UploadCore

@testable import HTTPExchange

@Suite struct TunnelFailureTests {
  @Test func `a rejection for lack of an upstream is temporary, others are not`() throws {
    let (proxy, origin) = (try ProxyServer("p", source: "--proxy"), try HTTPOrigin(url: "https://h"))
    for (status, isTemporary) in [(502, true), (503, true), (504, true), (429, true), (403, false), (407, false)] {
      let failure = TunnelFailure.rejected(status: status, reason: "")
      #expect(failure.error(proxy, origin, timeout: .seconds(1)).isTemporary == isTemporary)
    }
  }

  @Test func `of a reason phrase at most 60 characters are quoted, without control characters`() throws {
    let (proxy, origin) = (try ProxyServer("p", source: "--proxy"), try HTTPOrigin(url: "https://h"))
    let reason = "No\u{1B}[31m" + String(repeating: "x", count: 1_000)
    let error = TunnelFailure.rejected(status: 599, reason: reason).error(proxy, origin, timeout: .seconds(1)).error
    #expect(error.message.contains(": 599 No"))
    #expect(!error.message.contains("\u{1B}"))
    #expect(!error.message.contains(String(repeating: "x", count: 60)))
  }
}
