package import HTTPExchange
package import UploadCore
import UploadProtocol

/// The configuration of all uploads of one ``Uploader``.
package struct UploadClientConfiguration: Sendable {
  /// The request's method, a token; nil for the one that ``SendTarget`` chooses.
  package var method: String?

  /// The media type declared for every file. Nil for that of the file's bytes, else that of its name's extension, else
  /// `application/octet-stream`; the extension decides what kind of text a plain text is. A `Content-Type` among
  /// ``headers`` replaces it.
  package var contentType: String?

  /// Header fields to add; one with the name of a field that sluice sends replaces it. A `Content-Type` is the file's, in
  /// forms as well.
  package var headers: [HeaderField] = []

  /// The name of the form's field with the file, in the modes that send a form. A Sluice server accepts any name.
  package var formField = "file"

  /// Text fields to send before the file, in the modes that send a form; in this order. A name may occur several times.
  package var formValues: [FormValue] = []

  /// How long resolving the host and connecting to it may take together; then the TLS handshake may take as long.
  package var connectTimeout: Duration = .seconds(10)

  /// How long the server may accept no byte of the body, or send no further byte of a response that has begun, before
  /// the attempt fails. Waiting for a slow source or for the limit on the ``rate`` does not count.
  package var idleTimeout: Duration = .seconds(60)

  /// How long the server may take to begin its response after the last byte of the body was sent, before the attempt
  /// fails. By default longer than ``idleTimeout``, since a server may sync the file to its disk in this time.
  package var responseTimeout: Duration = .seconds(300)

  /// How long a connection without a request is kept for another one. By default shorter than the 5 s after which Apache and
  /// Node close it, so that few requests meet a connection that is being closed.
  package var longestIdleTime: Duration = .seconds(4)

  /// How long to wait for `100 Continue` before the body is sent without it. curl waits as long. With a server that
  /// ignores `Expect`, each attempt that asks for it (``continueThreshold``) takes this much longer.
  package var continueTimeout: Duration = .seconds(1)

  /// Bodies of more bytes than this, and those of unknown length, ask for `100 Continue` first, so that a rejection is
  /// received before gigabytes are sent. curl uses the same size.
  package var continueThreshold: UInt64 = 1 << 20

  /// Whether, and when, an upload that failed for a temporary reason is retried. Never by default: callers do not expect a
  /// library to wait.
  package var retry = RetryPolicy()

  /// How files are sent so that an interruption costs little; nil to send each in one request. Nil by default: callers of
  /// a library do not expect it to write to the disk.
  package var resume: ResumeConfiguration?

  /// The limit on the rate of all uploads together, in bytes per second; 0 counts as 1, nil is no limit.
  package var rate: UInt64?

  /// The proxies through which servers are reached; none by default: a library's callers decide which variables count.
  package var proxies = ProxySettings.none

  /// Memory that a form in memory may use, in bytes; nil when unknown, and then no form is rejected. Called on a thread that
  /// may block.
  package var availableMemory: @Sendable () -> UInt64? = { ProcessMemory.available() }

  package init() {}

  /// Opens connections to `target`, through its proxy where it has one.
  /// - Throws: ``UploadError`` with code `badURL` when the URL of the target's proxy is malformed or of a kind that is not
  ///   supported.
  func connector(to target: SendTarget) throws(UploadError) -> ServerConnector {
    ServerConnector(target.origin, proxy: try proxies.proxy(for: target), timeout: connectTimeout)
  }

  /// Checks for values with which every upload would fail.
  /// - Throws: ``UploadError`` with code `badValue`: the method is not a token or cannot carry a body, the media type
  ///   is empty or contains a control character, or the name of the form's field is empty or contains a line end or a NUL.
  package func validate() throws(UploadError) {
    try FormValue.check(name: formField)
    if let method {
      guard method.utf8.isToken else {
        throw .badValue("\"\(PlainText.sanitized(method))\" is not a method. Use POST or PUT.")
      }
      // Responses to HEAD and CONNECT never have a body, and a TRACE request must not have one.
      guard !["CONNECT", "HEAD", "TRACE"].contains(method.uppercased()) else {
        throw .badValue("The method \(method) cannot carry a file. Use POST or PUT.")
      }
    }
    if let contentType, contentType.isEmpty || !HeaderField.isFieldValue(contentType) {
      throw .badValue("\"\(PlainText.sanitized(contentType))\" is not a media type. Write for example text/plain.")
    }
  }
}

/// How uploads continue after an interruption, with servers that support tus or the IETF draft.
package struct ResumeConfiguration: Sendable {
  /// Where unfinished uploads are noted, so that another run continues them; nil to continue only within a run.
  package var journal: ResumeJournal?

  /// The most bytes of a file in one request, for proxies that limit bodies; 0 counts as 1, nil is no limit. A lower limit
  /// that the server announces applies as well.
  package var maxRequest: UInt64?

  /// Files of at least this many bytes become resumable in the mode `stream`: for smaller ones the further requests take
  /// longer than to send the file once more. So do pipes, unless they end with fewer bytes within half a second.
  package var threshold: UInt64

  package init(journal: ResumeJournal? = nil, maxRequest: UInt64? = nil, threshold: UInt64 = 4 << 20) {
    (self.journal, self.maxRequest, self.threshold) = (journal, maxRequest, threshold)
  }
}

/// How often, how long and after which pauses an upload that failed for a temporary reason is retried.
package struct RetryPolicy: Sendable, Equatable {
  /// Attempts after the first; 0 for none, nil for no limit.
  package var limit: Int?

  /// How long the pauses and the attempts that send nothing may take together, since the last progress, before the upload
  /// fails (see ``RetryStateMachine``).
  package var patience = Duration.seconds(300)

  /// The upper bound of the first pause after progress; each later bound is twice the previous one, up to
  /// ``longestPause``. Short enough for a server that restarts.
  package var firstPause = Duration.milliseconds(500)

  /// The upper bound of every pause, unless the server asks for a longer one.
  package var longestPause = Duration.seconds(30)

  package init(limit: Int? = 0) {
    self.limit = limit
  }

  /// What the programs use by default: any number of attempts, until ``patience`` has passed without progress. So most
  /// uploads of files survive a restart of the server or of the network.
  package static let usual = RetryPolicy(limit: nil)

  /// The most attempts, the first included; nil for no limit.
  package var maxAttempts: Int? { limit.map { max(0, $0) &+ 1 }.map { $0 > 0 ? $0 : .max } }

  /// The pause after a failure: exponential backoff with full jitter, a random part of a bound that doubles up to
  /// ``longestPause``. So clients that lost a server at the same time do not return at the same time.
  /// - Parameters:
  ///   - failures: failed attempts since the last progress, including the attempt that made it, or since the start; less
  ///     than 1 counts as 1.
  ///   - fraction: the part of the bound to wait: random, from 0 to below 1.
  func pause(after failures: Int, fraction: Double) -> Duration {
    // At most 40 doublings, so that the product does not overflow: they make half a second 17,000 years.
    let doublings = min(max(1, failures), 41) - 1
    return min(firstPause * (1 << doublings), longestPause) * min(max(0, fraction), 1)
  }
}
