import Glibc

/// A system call that failed: the cause underneath an ``UploadError``.
package struct SystemCallError: Error, Sendable, CustomStringConvertible {
  /// The call's name, such as `pwrite`.
  package let call: String
  /// What `errno` said.
  package let number: Int32

  /// - Parameter number: `errno`, read before anything else can change it.
  package init(_ call: String, _ number: Int32) {
    self.call = call
    self.number = number
  }

  /// The system's words for the error, such as `No space left on device`.
  package var reason: String {
    String(cString: strerror(number))
  }

  package var description: String {
    "\(call): \(reason)"
  }
}
