import Glibc

/// Why an upload, or the program itself, failed: a code for programs, a message that says what to do, and the error
/// that caused it.
package struct UploadError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is; appears as `code` in JSON events and decides the HTTP status of a rejection.
  ///
  /// example/docs/json.md lists all of them in this order.
  package enum Code: String, CaseIterable, Sendable {
    // The request was rejected.

    /// The request is malformed, contradicts itself, or asks for something that uploads do not support, such as a range.
    case badRequest
    /// The target of the request, its address, is over the limit.
    case addressTooLong
    /// A form breaks the rules of RFC 7578 or of RFC 2046.
    case malformedForm
    /// A form arrived completely but contained no part with a file.
    case noFile
    /// The body ended before its stated length or its closing boundary, or a raw upload contained no byte.
    case incomplete
    /// The upload, a part of a form or a whole form is over a limit of the server or of its file system.
    case tooLarge
    /// The media type of the content, or its encoding, is not accepted.
    case unsupportedType
    /// The server requires an access token, and the request has none or a wrong one.
    case unauthorized
    /// The request is not allowed: a web page of another origin sent it, or its Host is none of the server's names.
    case forbidden
    /// Nothing exists at that path.
    case notFound
    /// The path exists, but does not allow the request's method.
    case methodNotAllowed
    /// Something of that name exists and must not be replaced.
    case nameTaken
    /// A precondition of the request (RFC 9110 section 13) failed.
    case preconditionFailed
    /// The request needs something the server does not implement, such as an unknown transfer coding.
    case notImplemented
    /// A request continues a resumable upload at another offset than the one that is stored.
    case offsetMismatch
    /// A resumable upload has expired, was cancelled, or has failed for good; nothing of it is stored.
    case uploadGone
    /// There are too many unfinished uploads, of this client or of all clients together.
    case tooManyUnfinished

    // The transfer ended early.

    /// The connection to the client was closed, or failed, before the upload was complete.
    case clientGone
    /// The headers of a request were not complete in time, no byte of a body or response moved for as long as a timeout
    /// allows, or the server received a body more slowly than its minimum rate.
    case timedOut
    /// The server has reached its limit of uploads at once, or of open files.
    case tooManyUploads
    /// The server has reached its limit of uploads at once from one address.
    case tooManyFromClient
    /// Too many wrong access tokens came from one address.
    case tooManyGuesses
    /// The headers of the request are over a limit; or the incomplete headers of all requests together need too much
    /// memory, and those of this request are the oldest.
    case headersTooLarge
    /// The server, or the program that sends, is stopping.
    case shuttingDown
    /// A user cancelled the upload, or another activity of the program such as a comparison.
    case cancelled

    // The store.

    /// The file does not fit on the disk, or into what is left of it above the space to keep free.
    case diskFull
    /// A file could not be created, written, read or named, for a reason that has no code of its own.
    case storageFailed
    /// While the server ran, the upload directory was removed, moved or replaced, or its disk was unmounted.
    case directoryUnavailable
    /// The object store in which the server keeps files cannot be reached, is overloaded, or rejects the server's requests.
    case storeUnavailable
    /// The directory for uploads, or for another output file, does not exist or cannot be used.
    case badDirectory

    // The client's side.

    /// No server listens at that address.
    case connectionRefused
    /// The host has no address, or no connection to it could be established in time.
    case unreachable
    /// The connection ended before the server's response was complete. The server may have stored the file.
    case connectionLost
    /// The status of the server's response is not a success: an error or a redirection.
    case refusedByServer
    /// The server did not respond as HTTP and TLS require, or reported success before it had received the whole body.
    case badAnswer
    /// The server's certificate is not trusted.
    case untrustedServer
    /// The URL is malformed, or is one that uploads cannot be sent to.
    case badURL
    /// A file that the user named, such as the file to send, cannot be read.
    case unreadableFile
    /// The file changed while it was sent.
    case fileChanged
    /// The form with the file does not fit into the available memory (buffered mode only).
    case outOfMemory
    /// The content that a server received has another digest than the request states, so it was not stored; or, at the
    /// client, the server reports another digest or size of the stored content than that of the content sent.
    case contentMismatch

    // The program.

    /// The server cannot start, for example because its address is in use or not allowed, or too few files may be open.
    case cannotListen
    /// A certificate or its key cannot be read, used or generated, or TLS cannot be set up at the client.
    case badCertificate
    /// A value of an option or setting, such as a size, rate or time, cannot be read or is out of range.
    case badValue
    /// An unexpected error, for which no other code fits.
    case internalFailure
  }

  package let code: Code

  /// A sentence or more: what happened and what to do about it. It may quote a peer, so show it only after
  /// ``PlainText/sanitized(_:)``.
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

/// A system call that failed; often the cause of an ``UploadError``.
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
