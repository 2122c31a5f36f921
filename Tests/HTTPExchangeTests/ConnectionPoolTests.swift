import NIOCore
import NIOHTTP1
import Testing

@testable import HTTPExchange

@Suite struct ConnectionPoolTests {
  @Test func `an idle connection is kept for 4 s, or a second less than the server states`() {
    func time(_ field: String?) -> TimeAmount? {
      let headers: HTTPHeaders = field.map { ["Keep-Alive": $0] } ?? [:]
      return ConnectionPool.idleTime(after: headers, atMost: .seconds(4))
    }
    #expect(time(nil) == .seconds(4) && time("max=100") == .seconds(4) && time("timeout=x") == .seconds(4))
    #expect(time("timeout=3, max=100") == .seconds(2) && time("max=5, Timeout=75") == .seconds(4))
    #expect(time("timeout=1") == nil && time("timeout=0") == nil && time("timeout=-5") == nil)
  }
}
