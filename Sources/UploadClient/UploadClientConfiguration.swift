package import UploadCore

/// What holds for all uploads of one ``Uploader``.
package struct UploadClientConfiguration: Sendable {
  /// The request's method instead of the usual one (see ``SendTarget``); nil for the usual one.
  package var method: String?

  /// The media type stated for every file; nil for the one that a file's first bytes show, else the one that goes with its
  /// name, else `application/octet-stream`.
  package var contentType: String?

  /// Header fields to add; one whose name is also among the usual ones takes its place.
  package var headers: [HeaderField] = []

  /// The form's field that holds the file, in the modes that send a form. A Sluice server takes any name.
  package var formField = "file"

  /// Fields that go before the file, in the modes that send a form; in their order, a name may come several times.
  package var formValues: [FormValue] = []

  /// How long finding the host and connecting to it may take together.
  package var connectTimeout: Duration = .seconds(10)

  /// How long an upload lives without a byte taken or sent by the server. Waiting for a slow source does not count.
  package var idleTimeout: Duration = .seconds(60)

  /// How long the server may be silent after it has the last byte. Longer than ``idleTimeout``, since that is when a
  /// server syncs its disk.
  package var answerTimeout: Duration = .seconds(300)

  /// How long to wait for `100 Continue` before the body is sent without it. curl waits as long; servers that do not
  /// know `Expect` cost this once an upload.
  package var continueTimeout: Duration = .seconds(1)

  /// Bodies of more bytes than this, and those of unknown length, ask for `100 Continue` first, so that a refusal comes
  /// before gigabytes are sent. curl draws the line at the same size.
  package var continueThreshold: UInt64 = 1 << 20

  /// Whether, and when, an upload that failed for a passing reason is tried again. Not at all unless asked for: a library
  /// that waits by itself surprises whoever calls it.
  package var retry = RetryPolicy()

  /// The most that all uploads together send, in bytes per second; nil for no limit.
  package var rate: UInt64?

  /// Memory that a form in memory may take, in bytes; nil when unknown, and then nothing is refused. Called on a thread
  /// that may block.
  package var availableMemory: @Sendable () -> UInt64? = { ProcessMemory.available() }

  package init() {}

  /// Checks what would otherwise fail every upload.
  /// - Throws: ``UploadError`` with code `badValue`: the method is no token or one that carries no body, the media type
  ///   holds a control character, or the form's field has no name or one with a line end.
  package func validate() throws(UploadError) {
    try FormValue.checkName(formField)
    if let method {
      guard HeaderField.isToken(method) else {
        throw UploadError(.badValue, "\"\(PlainText.sanitized(method))\" is not a method. Use POST or PUT.")
      }
      // Answers to HEAD and CONNECT have no body, whatever they say, and TRACE must not have one in its request.
      guard !["CONNECT", "HEAD", "TRACE"].contains(method.uppercased()) else {
        throw UploadError(.badValue, "The method \(method) cannot carry a file. Use POST or PUT.")
      }
    }
    if let contentType {
      guard !contentType.isEmpty, HeaderField.isFieldValue(contentType) else {
        throw UploadError(
          .badValue,
          "\"\(PlainText.sanitized(contentType))\" is not a media type. Write for example text/plain."
        )
      }
    }
  }
}
