package import UploadCore

extension UploadError {
  /// The error of a call that must fail.
  package static func thrown<Value>(by body: () throws(UploadError) -> Value) -> UploadError? {
    do throws(UploadError) {
      _ = try body()
      return nil
    } catch {
      return error
    }
  }
}
