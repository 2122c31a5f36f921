import HTTPExchange
import NIOCore
import NIOHTTP1

/// A response of the engine that was received completely.
struct S3Response: Sendable, Equatable {
  /// 200 to 999.
  let status: Int
  /// As they were received.
  let headers: HTTPHeaders
  /// Without what was streamed.
  var body = ByteBuffer()
  /// Whether the body was longer than its limit: then it is truncated.
  var isCut = false

  /// Whether the status is one from 200 to 299.
  var isSuccess: Bool { (200..<300).contains(status) }

  /// A header field's value; nil without one, and for an empty one.
  subscript(name: String) -> String? { headers.first(name: name).flatMap { $0.isEmpty ? nil : $0 } }

  /// The document in the body; nil when it is no XML, or longer than its limit.
  var document: XMLElement? { isCut ? nil : try? XMLReader.read(Array(body.readableBytesView)) }
}

/// Why a request has no response.
enum S3ExchangeFailure: Error {
  /// No connection could be established.
  case notConnected(ConnectFailure)
  /// The connection was closed before the response was complete.
  /// - Parameter hasBegun: whether a part of the response had been received.
  case connectionLost(hasBegun: Bool)
  /// The received bytes are not HTTP.
  case malformedResponse
  /// The response has other bytes of the object than were asked for.
  case wrongRange
  /// The engine accepted no byte of the request, or sent no further byte of the response, for the idle timeout.
  case stalled
  /// The engine did not begin its response in time.
  case responseTimedOut
  /// The file to send could not be read, or is too short.
  case fileFailed
  /// The receiver of a streamed body needs no more of it.
  case receiverFailed(any Error)
  case cancelled
  /// A connection could not be set up.
  case internalFailure(any Error)
}
