import Glibc

/// Why an upload, or the program itself, failed: a code for programs, a message that says what to do, and the error that
/// caused it.
package struct UploadError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is; appears as `code` in JSON events and decides the HTTP status of a rejection.
  ///
  /// The README lists all of them in this order.
  package enum Code: String, CaseIterable, Sendable {
    // The request was rejected.

    /// The request is malformed, or contradicts itself.
    case badRequest
    /// A form breaks the rules of RFC 7578 or of RFC 2046.
    case malformedForm
    /// A form arrived completely but contained no file.
    case noFile
    /// The body ended before its length or its last boundary.
    case incomplete
    /// The upload, a part of a form or a form as a whole is over a limit.
    case tooLarge
    /// The media type of the content, or its encoding, is not accepted.
    case unsupportedType
    /// The server requires a token, and the request does not have the right one.
    case unauthorized
    /// The request is not allowed: a web page of another origin sent it, or its Host is none of the server's names.
    case forbidden
    /// Nothing exists at that path.
    case notFound
    /// The path exists, but not for the method.
    case methodNotAllowed
    /// A file of that name exists and must not be replaced.
    case nameTaken
    /// A precondition of the request (RFC 9110 section 13) failed.
    case preconditionFailed
    /// The request needs something the server does not implement, such as an unknown transfer coding.
    case notImplemented

    // The transfer ended early.

    /// The client closed the connection during the upload.
    case clientGone
    /// No byte was received for longer than the idle timeout.
    case timedOut
    /// Too many uploads at once.
    case tooManyUploads
    /// Too many uploads at once of one address.
    case tooManyFromClient
    /// Too many wrong tokens of one address.
    case tooManyGuesses
    /// The request headers take too much memory, or too much in all connections together.
    case headersTooLarge
    /// The server is stopping.
    case shuttingDown
    /// The upload was cancelled.
    case cancelled

    // The store.

    /// No space is left where files are stored.
    case diskFull
    /// The disk or the file system failed.
    case storageFailed
    /// The upload directory was removed, or its disk unmounted, while the server runs.
    case directoryUnavailable
    /// The directory for uploads cannot be used.
    case badDirectory

    // The client's side.

    /// No server listens at that address.
    case connectionRefused
    /// The host has no address, or cannot be reached.
    case unreachable
    /// The connection ended before the server's response.
    case connectionLost
    /// The server responded with an error.
    case refusedByServer
    /// The server's response is not HTTP.
    case badAnswer
    /// The server's certificate is not trusted.
    case untrustedServer
    /// The URL is none that uploads can be sent to.
    case badURL
    /// The file to send cannot be read.
    case unreadableFile
    /// The file changed while it was sent.
    case fileChanged
    /// The file does not fit into memory, as buffered mode needs.
    case outOfMemory
    /// The received content does not have the digest that the sender states.
    case contentMismatch

    // The program.

    /// The server cannot listen on the address: it is in use or not allowed, or too few files may be open.
    case cannotListen
    /// A certificate, or the key that belongs to it, cannot be used.
    case badCertificate
    /// A size, rate, time or option value that cannot be read.
    case badValue
    /// A state that should be impossible.
    case internalFailure
  }

  package let code: Code

  /// One sentence or two: what happened and what to do about it.
  package let message: String

  /// The error that caused this one, such as a ``SystemCallError``; nil where there is none.
  package let cause: (any Error)?

  package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  package var description: String { "\(code.rawValue): \(message)" }
}

/// A system call that failed: the cause of an ``UploadError``.
package struct SystemCallError: Error, Sendable, CustomStringConvertible {
  /// The call's name, such as `pwrite`.
  package let call: String
  /// The value of `errno`.
  package let number: Int32

  /// - Parameter number: `errno`, read before anything else can change it.
  package init(_ call: String, _ number: Int32) {
    self.call = call
    self.number = number
  }

  /// The system's message for the error, such as `No space left on device`.
  package var reason: String { String(cString: strerror(number)) }

  package var description: String { "\(call): \(reason)" }
}
