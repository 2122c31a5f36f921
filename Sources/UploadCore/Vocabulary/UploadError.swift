/// Why an upload, or the program itself, could not go on: a value with a code that programs read, a message that tells
/// a person what to do, and what lies underneath.
package struct UploadError: Error, Sendable {
  /// What kind of failure it is; appears as `code` in JSON events and decides the HTTP status of a refusal.
  package struct Code: RawRepresentable, Hashable, Sendable {
    package let rawValue: String

    package init(rawValue: String) {
      self.rawValue = rawValue
    }
  }

  package let code: Code

  /// One sentence or two, in plain words: what is wrong and what to do about it.
  package let message: String

  /// The error underneath, where there is one.
  package let cause: (any Error)?

  package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }
}

extension UploadError: CustomStringConvertible {
  package var description: String {
    "\(code.rawValue): \(message)"
  }
}
