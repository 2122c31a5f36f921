import Glibc

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

extension UploadError.Code {
  // What a client asked for cannot be.

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
  /// The kind of content, or its encoding, is not one that is taken.
  package static let unsupportedType = Self(rawValue: "unsupportedType")
  /// The server asks for a token, and this request has not the right one.
  package static let unauthorized = Self(rawValue: "unauthorized")
  /// Whoever asks may not: a web page of another origin, or one that calls this machine by a foreign name.
  package static let forbidden = Self(rawValue: "forbidden")
  /// There is nothing under that path.
  package static let notFound = Self(rawValue: "notFound")
  /// That path exists, but not for that method.
  package static let methodNotAllowed = Self(rawValue: "methodNotAllowed")
  /// The request headers take too much memory, or too much in all connections together.
  package static let headersTooLarge = Self(rawValue: "headersTooLarge")
  /// A file of that name is there already and must stay.
  package static let nameTaken = Self(rawValue: "nameTaken")
  /// A precondition of the request (RFC 9110 section 13) does not hold.
  package static let preconditionFailed = Self(rawValue: "preconditionFailed")
  /// The request asks for something no part of the server knows, such as an unknown transfer coding.
  package static let notImplemented = Self(rawValue: "notImplemented")

  // What happened on the way.

  /// The client went away in the middle.
  package static let clientGone = Self(rawValue: "clientGone")
  /// No byte came for longer than the idle time-out.
  package static let timedOut = Self(rawValue: "timedOut")
  /// Too many uploads at once.
  package static let tooManyUploads = Self(rawValue: "tooManyUploads")
  /// Too many uploads at once of one address.
  package static let tooManyFromClient = Self(rawValue: "tooManyFromClient")
  /// Too many wrong tokens of one address.
  package static let tooManyGuesses = Self(rawValue: "tooManyGuesses")
  /// The server is stopping.
  package static let shuttingDown = Self(rawValue: "shuttingDown")
  /// Somebody asked for the upload to end.
  package static let cancelled = Self(rawValue: "cancelled")

  // The place where files end up.

  /// No space is left where files are stored.
  package static let diskFull = Self(rawValue: "diskFull")
  /// The disk or the file system failed.
  package static let storageFailed = Self(rawValue: "storageFailed")
  /// The upload directory was removed, or its disk unmounted, while the server runs.
  package static let directoryUnavailable = Self(rawValue: "directoryUnavailable")
  /// The directory for uploads cannot be used.
  package static let badDirectory = Self(rawValue: "badDirectory")

  // What the client met.

  /// Nobody listens at that address.
  package static let connectionRefused = Self(rawValue: "connectionRefused")
  /// The host has no address, or cannot be reached.
  package static let unreachable = Self(rawValue: "unreachable")
  /// The connection ended before the server's answer.
  package static let connectionLost = Self(rawValue: "connectionLost")
  /// The server answered with an error of its own.
  package static let refusedByServer = Self(rawValue: "refusedByServer")
  /// What the server sent is not HTTP.
  package static let badAnswer = Self(rawValue: "badAnswer")
  /// The server's certificate is not one to be believed.
  package static let untrustedServer = Self(rawValue: "untrustedServer")
  /// The address is not one that can be sent to.
  package static let badURL = Self(rawValue: "badURL")
  /// The file to send cannot be read.
  package static let unreadableFile = Self(rawValue: "unreadableFile")
  /// The file changed while it was sent.
  package static let fileChanged = Self(rawValue: "fileChanged")
  /// The file does not fit into memory, as buffered mode needs.
  package static let outOfMemory = Self(rawValue: "outOfMemory")
  /// What arrived is not what was sent.
  package static let contentMismatch = Self(rawValue: "contentMismatch")

  // The program.

  /// The address to listen on is taken or not allowed.
  package static let cannotListen = Self(rawValue: "cannotListen")
  /// A certificate, or the key that belongs to it, cannot be used.
  package static let badCertificate = Self(rawValue: "badCertificate")
  /// A size, rate, time or option value that cannot be read.
  package static let badValue = Self(rawValue: "badValue")
  /// Something that should not have happened did.
  package static let internalFailure = Self(rawValue: "internalFailure")

  /// Every code there is, for the list in the README and the test that holds them together.
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
