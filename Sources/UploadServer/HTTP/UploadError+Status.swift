import HTTPTypes
import UploadCore

extension UploadError.Code {
  /// The HTTP status that tells a client of this failure.
  var status: HTTPResponse.Status {
    switch self {
    case .badRequest, .malformedForm, .noFile, .incomplete, .contentMismatch: .badRequest
    case .unauthorized: .unauthorized
    case .notFound: .notFound
    case .methodNotAllowed: .methodNotAllowed
    case .timedOut: .requestTimeout
    case .nameTaken: .conflict
    case .preconditionFailed: .preconditionFailed
    case .tooLarge: .contentTooLarge
    case .unsupportedType: .unsupportedMediaType
    case .notImplemented: .notImplemented
    // Somebody does not want it: a 5xx would have clients try again by themselves (RFC 9110 section 15.5.4).
    case .forbidden, .cancelled: .forbidden
    case .tooManyFromClient, .tooManyGuesses: .tooManyRequests
    case .headersTooLarge: .requestHeaderFieldsTooLarge
    case .tooManyUploads, .shuttingDown, .directoryUnavailable: .serviceUnavailable
    case .diskFull: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
    default: .internalServerError
    }
  }
}
