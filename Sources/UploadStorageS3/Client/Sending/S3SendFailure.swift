import HTTPExchange

/// Why a request has no response.
enum S3SendFailure: Error {
  /// No connection could be established.
  case notConnected(ConnectFailure)
  /// - Parameter cause: the error of the receiver, for ``ExchangeFailure/receiverFailed``.
  case exchange(ExchangeFailure, cause: (any Error)? = nil)
  /// The file to send could not be read, or is too short.
  case fileFailed
  /// The file to send could not be opened again.
  case internalFailure(any Error)
}

extension S3SendFailure {
  init(_ error: ExchangeError) {
    switch error {
    case .notConnected(let failure): self = .notConnected(failure)
    case .failed(let failed): self = .exchange(failed.failure, cause: failed.cause)
    }
  }
}
