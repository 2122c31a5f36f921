package import NIOCore
package import UploadCore

/// Finds the files in a multipart/form-data body as it arrives (RFC 7578, with the grammar of RFC 2046 section 5.1.1).
///
/// No I/O and no clock: buffers go in, events come out. File content comes out in the storage it arrived in; the parser
/// itself keeps a few KiB at most, whatever the form. Text fields, and form controls for which no file was chosen, are
/// held to their bounds and dropped. After an error the parser throws that same error for ever.
package struct MultipartParser: Sendable {
  private enum Phase {
    /// Before the first delimiter. Next: `delimiterLine`.
    case preamble
    /// After a boundary, on its line. Next: `headers`, `epilogue`.
    case delimiterLine
    /// In the header section of a part. Next: `field`, `file`, `unnamedFile`.
    case headers
    /// In the content of a text field. Next: `delimiterLine`.
    case field
    /// In the content of a file that has been reported. Next: `delimiterLine`.
    case file
    /// Before the first byte of a file with an empty name, which may turn out to be no file at all. Next: `file`,
    /// `delimiterLine`.
    case unnamedFile
    /// After the closing delimiter. Next: nothing.
    case epilogue
  }

  private let limits: MultipartLimits
  private var phase = Phase.preamble
  private var failure: UploadError?

  /// What was given and not yet taken.
  private var input = ByteBuffer()
  private var bytesTaken: UInt64 = 0

  private var scanner: DelimiterScanner
  private var preambleBytes = 0
  private var lineEnd = DelimiterLineEnd()
  private var lines: HeaderLines
  private var headers = PartHeaders()
  private var meter: FieldMeter
  /// The head of the file that `unnamedFile` waits to report.
  private var waitingHead: MultipartPartHead?

  /// How many bytes followed the closing delimiter so far, all of them dropped. A CRLF is usual.
  package private(set) var epilogueBytes: UInt64 = 0

  package init(boundary: MultipartBoundary, limits: MultipartLimits = MultipartLimits()) {
    self.limits = limits
    scanner = DelimiterScanner(boundary: boundary)
    scanner.beginLine()
    lines = HeaderLines(limits: limits)
    meter = FieldMeter(limits: limits)
  }

  /// How many bytes of the body lie before or in the last event; at `partBegan`, where the file's content begins.
  /// When ``next()`` has returned nil: without what is held back because it may begin a delimiter.
  package var bytesConsumed: UInt64 {
    bytesTaken &- UInt64(scanner.heldBackBytes)
  }

  /// Gives the parser more bytes. ``next()`` should have returned nil before, else what is left is copied together.
  package mutating func append(_ buffer: ByteBuffer) {
    guard input.readableBytes > 0 else {
      input = buffer
      return
    }
    input.writeImmutableBuffer(buffer)
  }

  /// The next event, or nil when more bytes are needed.
  ///
  /// Throws `.malformedForm` for a form that breaks the rules, `.tooLarge` past one of the limits, `.unsupportedType`
  /// for a part with a transfer encoding. Nothing of the form should be kept then.
  package mutating func next() throws(UploadError) -> MultipartEvent? {
    if let failure { throw failure }
    do {
      while input.readableBytes > 0 {
        if let event = try advance() { return event }
      }
    } catch {
      failure = error
      input = ByteBuffer()
      throw error
    }
    // Lets go of the storage, so that its owner may use it again.
    input = ByteBuffer()
    return nil
  }

  /// The body has ended, and ``next()`` has returned nil. Throws `.incomplete` when the closing delimiter is missing, or
  /// the error thrown before. Nothing of the form should be kept then.
  package mutating func finish() throws(UploadError) {
    if let failure { throw failure }
    switch phase {
    case .epilogue:
      return
    case .preamble:
      throw UploadError(
        .incomplete,
        "The form holds no line with its boundary; send the boundary that the Content-Type header names."
      )
    case .delimiterLine, .headers, .field, .file, .unnamedFile:
      throw UploadError(.incomplete, "The form ended before its closing boundary; send it again.")
    }
  }
}

extension MultipartParser {
  /// Takes a step, which makes `input` shorter or changes the state; not every one comes to an event.
  private mutating func advance() throws(UploadError) -> MultipartEvent? {
    switch phase {
    case .preamble:
      try skipPreamble()
      return nil
    case .delimiterLine:
      return try readDelimiterLine()
    case .headers:
      return try readHeaders()
    case .field:
      try skipField()
      return nil
    case .file:
      return readFile()
    case .unnamedFile:
      return try readUnnamedFile()
    case .epilogue:
      epilogueBytes &+= UInt64(input.readableBytes)
      take(input.readableBytes)
      return nil
    }
  }

  private mutating func take(_ length: Int) {
    input.moveReaderIndex(forwardBy: length)
    bytesTaken &+= UInt64(length)
  }

  private mutating func beginDelimiterLine() {
    phase = .delimiterLine
    lineEnd = DelimiterLineEnd()
    lines = HeaderLines(limits: limits)
  }

  private mutating func skipPreamble() throws(UploadError) {
    let length: Int
    switch scanner.scan(input) {
    case .content(let count):
      take(count)
      length = count
    case .mismatch:
      length = scanner.releaseHeldBack().count
    case .heldBack(let count):
      take(count)
      return
    case .delimiter(let count):
      take(count)
      beginDelimiterLine()
      return
    }
    guard length <= limits.preambleBytes - preambleBytes else {
      throw UploadError(
        .malformedForm,
        "No boundary in the form's first \(limits.preambleBytes) bytes; "
          + "send the boundary that the Content-Type header names."
      )
    }
    preambleBytes += length
  }

  private mutating func readDelimiterLine() throws(UploadError) -> MultipartEvent? {
    guard let byte = input.getInteger(at: input.readerIndex, as: UInt8.self) else { return nil }
    take(1)
    switch try lineEnd.take(byte) {
    case .needsBytes:
      // Blanks after a boundary are as endless as a sender likes, so they go on the headers' account.
      if ASCII.isBlank(byte) { try lines.count(1) }
      return nil
    case .partBegins:
      try meter.beginPart()
      phase = .headers
      headers = PartHeaders()
      return nil
    case .formEnds:
      phase = .epilogue
      return .ended
    }
  }

  private mutating func readHeaders() throws(UploadError) -> MultipartEvent? {
    let before = input.readableBytes
    let line = try lines.read(from: &input)
    bytesTaken &+= UInt64(before - input.readableBytes)
    guard let line else { return nil }
    guard line.isEmpty else {
      try headers.take(line)
      return nil
    }
    // An empty part may lack a CRLF of its own: the one that ended the headers serves its delimiter as well.
    scanner.beginLine()
    guard let head = headers.fileHead() else {
      phase = .field
      return nil
    }
    guard head.filename != "" else {
      phase = .unnamedFile
      waitingHead = head
      return nil
    }
    return try beginFile(head)
  }

  private mutating func beginFile(_ head: MultipartPartHead) throws(UploadError) -> MultipartEvent {
    try meter.beginFile()
    phase = .file
    return .partBegan(head)
  }

  private mutating func skipField() throws(UploadError) {
    switch scanner.scan(input) {
    case .content(let count):
      take(count)
      try meter.addToField(count)
    case .mismatch:
      try meter.addToField(scanner.releaseHeldBack().count)
    case .heldBack(let count):
      take(count)
    case .delimiter(let count):
      take(count)
      beginDelimiterLine()
    }
  }

  private mutating func readFile() -> MultipartEvent? {
    switch scanner.scan(input) {
    case .content(let count):
      let content = input.head(count)
      take(count)
      return .body(content)
    case .mismatch:
      return .body(scanner.delimiter.part(scanner.releaseHeldBack()))
    case .heldBack(let count):
      take(count)
      return nil
    case .delimiter(let count):
      take(count)
      beginDelimiterLine()
      return .partEnded
    }
  }

  private mutating func readUnnamedFile() throws(UploadError) -> MultipartEvent? {
    switch scanner.scan(input) {
    case .content, .mismatch:
      // It has content, so it is a file; the next step finds that content again.
      defer { waitingHead = nil }
      return try beginFile(waitingHead ?? MultipartPartHead())
    case .heldBack(let count):
      take(count)
      return nil
    case .delimiter(let count):
      take(count)
      waitingHead = nil
      beginDelimiterLine()
      return nil
    }
  }
}

extension ByteBuffer {
  /// The first `length` readable bytes in the same storage. Not `getSlice`, which copies what lies beyond 16 MiB.
  fileprivate func head(_ length: Int) -> ByteBuffer {
    var head = self
    head.moveWriterIndex(to: readerIndex + length)
    return head
  }

  /// A range of the readable bytes in the same storage.
  fileprivate func part(_ range: Range<Int>) -> ByteBuffer {
    var part = self
    part.moveWriterIndex(to: readerIndex + range.upperBound)
    part.moveReaderIndex(to: readerIndex + range.lowerBound)
    return part
  }
}
