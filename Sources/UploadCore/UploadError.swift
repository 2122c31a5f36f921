import Glibc

/// Why an upload, or the program itself, could not go on: a value with a code that programs read, a message that tells
/// a person what to do, and what lies underneath.
package struct UploadError: Error, Sendable {
  /// What kind of failure it is; appears as `code` in JSON events and decides the HTTP status of a rejection.
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

extension UploadError.Code {
  // The request was rejected.

  /// The request is malformed, or says two things at once.
  package static let badRequest = Self(rawValue: "badRequest")
  /// A form breaks the rules of RFC 7578 or of RFC 2046.
  package static let malformedForm = Self(rawValue: "malformedForm")
  /// A form arrived whole but held no file.
  package static let noFile = Self(rawValue: "noFile")
  /// The body ended before its length or its last boundary.
  package static let incomplete = Self(rawValue: "incomplete")
  /// The upload, a part of a form or a form as a whole is over a limit.
  package static let tooLarge = Self(rawValue: "tooLarge")
  /// The kind of content, or its encoding, is not one that is accepted.
  package static let unsupportedType = Self(rawValue: "unsupportedType")
  /// The server requires a token, and the request does not have the right one.
  package static let unauthorized = Self(rawValue: "unauthorized")
  /// The request is not allowed: it comes from a web page of another origin, or names this machine by a foreign name.
  package static let forbidden = Self(rawValue: "forbidden")
  /// There is nothing under that path.
  package static let notFound = Self(rawValue: "notFound")
  /// The path exists, but not for the method.
  package static let methodNotAllowed = Self(rawValue: "methodNotAllowed")
  /// The request headers take too much memory, or too much in all connections together.
  package static let headersTooLarge = Self(rawValue: "headersTooLarge")
  /// A file of that name exists and must not be replaced.
  package static let nameTaken = Self(rawValue: "nameTaken")
  /// A precondition of the request (RFC 9110 section 13) does not hold.
  package static let preconditionFailed = Self(rawValue: "preconditionFailed")
  /// The request needs something the server does not implement, such as an unknown transfer coding.
  package static let notImplemented = Self(rawValue: "notImplemented")

  // The transfer ended early.

  /// The client closed the connection during the upload.
  package static let clientGone = Self(rawValue: "clientGone")
  /// No byte was received for longer than the idle timeout.
  package static let timedOut = Self(rawValue: "timedOut")
  /// Too many uploads at once.
  package static let tooManyUploads = Self(rawValue: "tooManyUploads")
  /// Too many uploads at once of one address.
  package static let tooManyFromClient = Self(rawValue: "tooManyFromClient")
  /// Too many wrong tokens of one address.
  package static let tooManyGuesses = Self(rawValue: "tooManyGuesses")
  /// The server is stopping.
  package static let shuttingDown = Self(rawValue: "shuttingDown")
  /// The upload was cancelled.
  package static let cancelled = Self(rawValue: "cancelled")

  // The store.

  /// No space is left where files are stored.
  package static let diskFull = Self(rawValue: "diskFull")
  /// The disk or the file system failed.
  package static let storageFailed = Self(rawValue: "storageFailed")
  /// The upload directory was removed, or its disk unmounted, while the server runs.
  package static let directoryUnavailable = Self(rawValue: "directoryUnavailable")
  /// The directory for uploads cannot be used.
  package static let badDirectory = Self(rawValue: "badDirectory")

  // The client's side.

  /// No server listens at that address.
  package static let connectionRefused = Self(rawValue: "connectionRefused")
  /// The host has no address, or cannot be reached.
  package static let unreachable = Self(rawValue: "unreachable")
  /// The connection ended before the server's response.
  package static let connectionLost = Self(rawValue: "connectionLost")
  /// The server responded with an error.
  package static let refusedByServer = Self(rawValue: "refusedByServer")
  /// The server's response is not HTTP.
  package static let badAnswer = Self(rawValue: "badAnswer")
  /// The server's certificate is not trusted.
  package static let untrustedServer = Self(rawValue: "untrustedServer")
  /// The address cannot be sent to.
  package static let badURL = Self(rawValue: "badURL")
  /// The file to send cannot be read.
  package static let unreadableFile = Self(rawValue: "unreadableFile")
  /// The file changed while it was sent.
  package static let fileChanged = Self(rawValue: "fileChanged")
  /// The file does not fit into memory, as buffered mode needs.
  package static let outOfMemory = Self(rawValue: "outOfMemory")
  /// The received content does not have the digest that the sender states.
  package static let contentMismatch = Self(rawValue: "contentMismatch")

  // The program.

  /// The address to listen on is taken or not allowed.
  package static let cannotListen = Self(rawValue: "cannotListen")
  /// A certificate, or the key that belongs to it, cannot be used.
  package static let badCertificate = Self(rawValue: "badCertificate")
  /// A size, rate, time or option value that cannot be read.
  package static let badValue = Self(rawValue: "badValue")
  /// A state that should be impossible.
  package static let internalFailure = Self(rawValue: "internalFailure")

  /// Every code there is, for the list in example/docs/json.md and the test that compares them.
  package static let all: [Self] = [
    .badRequest, .malformedForm, .noFile, .incomplete, .tooLarge, .unsupportedType, .unauthorized, .forbidden,
    .notFound, .methodNotAllowed, .nameTaken, .preconditionFailed, .notImplemented, .clientGone, .timedOut,
    .tooManyUploads, .tooManyFromClient, .tooManyGuesses, .headersTooLarge, .shuttingDown, .cancelled, .diskFull,
    .storageFailed, .directoryUnavailable, .badDirectory, .connectionRefused, .unreachable, .connectionLost,
    .refusedByServer, .badAnswer, .untrustedServer,
    .badURL, .unreadableFile, .fileChanged, .outOfMemory, .contentMismatch, .cannotListen, .badCertificate,
    .badValue, .internalFailure,
  ]
}

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
