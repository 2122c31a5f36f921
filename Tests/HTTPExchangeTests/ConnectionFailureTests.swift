import Glibc
import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import HTTPExchange

@Suite struct ConnectionFailureTests {
  @Test func `each error of connecting has its code, and a message with the cause`() throws {
    let origin = try HTTPOrigin(url: "http://host:99")
    func failure(_ error: any Error) -> UploadError {
      ConnectFailure(error, to: .server(origin, through: nil), timeout: .seconds(10)).error
    }
    let timeout = failure(ChannelError.connectTimeout(.seconds(10)))
    #expect(timeout.code == .unreachable && timeout.message.contains("within 10 s"))
    #expect(failure(IOError(errnoCode: ETIMEDOUT, reason: "")).code == .unreachable)
    #expect(failure(IOError(errnoCode: ECONNREFUSED, reason: "")).code == .connectionRefused)
    let route = failure(IOError(errnoCode: EHOSTUNREACH, reason: ""))
    #expect(route.code == .unreachable && route.message.contains("No route"))
    #expect(failure(IOError(errnoCode: EMFILE, reason: "")).code == .internalFailure)
    #expect(failure(TimeoutError("x")).code == .unreachable)
    #expect(timeout.message.contains("host:99") && route.message.contains("host:99"))
  }
}
