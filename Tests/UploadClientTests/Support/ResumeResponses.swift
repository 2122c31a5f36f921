import HTTPExchange
import NIOHTTP1

@testable import UploadClient

/// A response with these header fields.
func response(_ status: Int, _ fields: [String: String] = [:]) -> ExchangeResponse {
  let headers = HTTPHeaders(fields.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  return ExchangeResponse(status: status, headers: headers)
}

extension ResumeStateMachine {
  /// - Parameter reach: how far the last request was sent at most; nil for the end of its range.
  mutating func respond(
    _ status: Int,
    _ fields: [String: String] = [:],
    isBodySent: Bool = true,
    reach: UInt64? = nil
  ) -> Action {
    responded(response(status, fields), isBodySent: isBodySent, reach: reach, now: 0)
  }
}
