package import UploadCore

extension UploadError {
  /// The error as events show it: `{"code":..,"message":..}`.
  package var json: JSONValue {
    .object([("code", .string(code.rawValue)), ("message", .string(message))])
  }
}
