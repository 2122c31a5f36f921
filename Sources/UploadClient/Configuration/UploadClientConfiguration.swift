package import UploadCore

/// The configuration of all uploads of one ``Uploader``.
package struct UploadClientConfiguration: Sendable {
  /// The request's method instead of the usual one (see ``SendTarget``); nil for the usual one.
  package var method: String?

  /// The media type declared for every file; nil for the one that a file's first bytes show, else the one of its name's
  /// extension, else `application/octet-stream`.
  package var contentType: String?

  /// Header fields to add; one with the name of a usual one replaces it.
  package var headers: [HeaderField] = []

  /// The form's field that holds the file, in the modes that send a form. A Sluice server accepts any name.
  package var formField = "file"

  /// Fields to send before the file, in the modes that send a form; in this order. A name may occur several times.
  package var formValues: [FormValue] = []

  /// How long resolving the host and connecting to it may take together; then the TLS handshake may take as long.
  package var connectTimeout: Duration = .seconds(10)

  /// How long the server may neither accept nor send a byte. Waiting for a slow source does not count.
  package var idleTimeout: Duration = .seconds(60)

  /// How long the server may send nothing after it has the last byte of the body. Longer than ``idleTimeout``, since that is
  /// when a server syncs its disk.
  package var responseTimeout: Duration = .seconds(300)

  /// How long to wait for `100 Continue` before the body is sent without it. curl waits as long. With a server that does not
  /// support `Expect`, each upload takes this much longer.
  package var continueTimeout: Duration = .seconds(1)

  /// Bodies of more bytes than this, and those of unknown length, ask for `100 Continue` first, so that a rejection is
  /// received before gigabytes are sent. curl uses the same size.
  package var continueThreshold: UInt64 = 1 << 20

  /// Whether, and when, an upload that failed for a temporary reason is retried. Never by default: callers do not expect a
  /// library to wait.
  package var retry = RetryPolicy()

  /// The most that all uploads together send, in bytes per second; nil for no limit.
  package var rate: UInt64?

  /// Memory that a form in memory may use, in bytes; nil when unknown, and then no form is rejected. Called on a thread that
  /// may block.
  package var availableMemory: @Sendable () -> UInt64? = { ProcessMemory.available() }

  package init() {}

  /// Checks the values with which every upload would fail.
  /// - Throws: ``UploadError`` with code `badValue`: the method is not a token or cannot carry a body, the media type
  ///   contains a control character, or the name of the form's field is empty or contains a line end.
  package func validate() throws(UploadError) {
    try FormValue.checkName(formField)
    if let method {
      guard HeaderField.isToken(method) else {
        throw UploadError(.badValue, "\"\(PlainText.sanitized(method))\" is not a method. Use POST or PUT.")
      }
      // Responses to HEAD and CONNECT never have a body, and a TRACE request must not have one.
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
