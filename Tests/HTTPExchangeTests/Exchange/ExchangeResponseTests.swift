import NIOCore
import NIOHTTP1
import Testing

@testable import HTTPExchange

@Suite struct ExchangeResponseTests {
  @Test func `no more of a response body than the limit is kept`() {
    var response = ExchangeResponse(status: 200)
    let kept = [6, 1, 1, 1].map { response.append(ByteBuffer(repeating: 1, count: $0), upTo: 7) }
    #expect(kept == [true, true, false, false])
    #expect(response.body.count == 7)
  }

  @Test func `the connection is kept after HTTP 1.1 without close, and not after a response that is closing`() {
    func response(_ version: HTTPVersion, _ headers: HTTPHeaders = [:]) -> ExchangeResponse {
      ExchangeResponse(HTTPResponseHead(version: version, status: .created, headers: headers))
    }
    let kept = response(.http1_1, ["A": "b"])
    #expect(kept.keepsConnection && kept.isSuccess && kept.status == 201 && kept.reason == "Created")
    #expect(kept.headers.first(name: "a") == "b")
    #expect(!response(.http1_1, ["Connection": "close"]).keepsConnection)
    #expect(!response(.http1_0, ["Connection": "keep-alive"]).keepsConnection)
    #expect(!kept.closing().keepsConnection && kept.closing(.truncated).extent == .truncated)
  }
}
