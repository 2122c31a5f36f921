import HTTPTypes
import UploadCore

extension UploadError.Code {
  /// The HTTP status that tells a client of this failure.
  var status: HTTPResponse.Status {
    switch self {
    case .badRequest, .malformedForm, .noFile, .incomplete: .badRequest
    case .unauthorized: .unauthorized
    case .forbidden: .forbidden
    case .notFound: .notFound
    case .methodNotAllowed: .methodNotAllowed
    case .timedOut: .requestTimeout
    case .nameTaken: .conflict
    case .tooLarge: .contentTooLarge
    case .unsupportedType: .unsupportedMediaType
    case .notImplemented: .notImplemented
    case .tooManyFromClient: .tooManyRequests
    case .tooManyUploads, .shuttingDown, .cancelled: .serviceUnavailable
    case .diskFull: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
    default: .internalServerError
    }
  }
}
