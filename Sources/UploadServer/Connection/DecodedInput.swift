import UploadCore

/// What the decoder has made of a connection's input: whether headers are expected next, and whether the input is over.
struct DecodedInput {
  /// Nothing behind what has been decoded is looked at: the last request is complete, or the input cannot be read.
  private(set) var isIgnored = false
  /// Parts of requests that were decoded since the last ``beginDecoding()``.
  private(set) var parts = 0
  /// The next part is the head of a request.
  private(set) var expectsHeaders = true
  /// The request that is arriving says that the connection ends with it.
  private var requestIsLast = false
  /// Why the input cannot be read, until the response to the request before it.
  private var error: UploadError?

  /// Whether what was decoded last is headers that are not complete.
  var isInHeaders: Bool { expectsHeaders && parts == 0 }

  /// The next bytes go to the decoder.
  mutating func beginDecoding() {
    parts = 0
  }

  /// The decoder made a part of them.
  mutating func note(_ part: RequestPart) {
    parts += 1
    switch part {
    case .head(let isLast): (requestIsLast, expectsHeaders) = (isLast, false)
    case .body: break
    case .end:
      expectsHeaders = true
      if requestIsLast { isIgnored = true }
    }
  }

  /// Nothing more of the input is looked at.
  mutating func ignoreRest() {
    isIgnored = true
  }

  /// Retains the error until earlier requests have been responded to.
  mutating func retain(_ error: UploadError) {
    self.error = error
  }

  /// The retained error, once.
  mutating func takeError() -> UploadError? {
    defer { error = nil }
    return error
  }
}
