import HTTPExchange

/// What ``ResumeStateMachine`` asks for: requests, actions, and how uploads begin anew.
extension ResumeStateMachine {
  /// One request.
  enum Step: Sendable, Equatable {
    /// Create the upload, without a body.
    case create
    /// Ask how much the server has stored (HEAD).
    case offset(uri: String)
    /// Send these bytes of the file (PATCH).
    /// - Parameter isLast: whether they are the rest of it.
    case append(uri: String, Range<UInt64>, isLast: Bool)
    /// Send the bytes of a pipe from this offset on (PATCH), whose number is not known yet.
    /// - Parameter atMost: the most bytes; nil for all up to the end of the pipe, so that no further request follows.
    case rest(uri: String, from: UInt64, atMost: UInt64?)
    /// Tell the server, which has this many bytes, how many there are (an empty PATCH; tus, after a pipe has ended).
    case length(uri: String, offset: UInt64, UInt64)

    /// Whether it sends bytes of the file.
    var isAppend: Bool {
      switch self {
      case .create, .offset, .length: false
      case .append(_, let range, _): !range.isEmpty
      case .rest: true
      }
    }
  }

  /// What has to be done next.
  enum Action: Equatable {
    /// Send this request at once.
    case send(Step)
    /// The last request failed for a temporary reason: send this one after a pause, if there is to be another attempt.
    case retry(Step)
    /// The server no longer has the upload, or has another one: report it, and send this request, which begins a new one.
    case restart(Restart, Step)
    /// This response decides, whether it is a success or a rejection.
    case finish(ExchangeResponse)
    /// The server has stored the file. Its response was lost.
    case finishUnseen
    /// The server does not support resumable uploads after all: send the file in one request.
    case sendPlainly
    /// The upload has failed for good.
    case fail(ResumeFailure)
  }

  /// Why the file is sent from its beginning.
  enum Restart: Sendable, Equatable {
    /// The server has deleted the upload, or it has expired.
    case gone
    /// The server has more bytes than the file, more than were sent, or another length: it is not the upload of this file.
    case mismatch
  }
}
