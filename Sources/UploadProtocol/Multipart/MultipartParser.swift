package import NIOCore
package import UploadCore

/// What a ``MultipartParser`` found. Form controls without a file chosen are not reported, and text fields only those of
/// ``MultipartParser/reportedField``.
package enum MultipartEvent: Equatable, Sendable {
  /// A text field before the first file, with its content, which is complete. Next: `field`, `partBegan` or `ended`.
  case field([UInt8])
  /// A file begins. Next: `body` or `partEnded`.
  case partBegan(MultipartPartHead)
  /// The file's next bytes, never empty, in the storage of the buffer they arrived in; only bytes that began like a
  /// delimiter at the end of a buffer are in storage of the parser. Next: `body` or `partEnded`.
  case body(ByteBuffer)
  /// The file that began last is complete. Next: `partBegan` or `ended`.
  case partEnded
  /// The closing delimiter was found; the parser discards the bytes after it. Next: nothing.
  case ended
}

/// What a file part states about itself. All of it is untrusted: names are neither safe to show nor safe to open.
package struct MultipartPartHead: Equatable, Sendable {
  /// The form control's name; nil where the part has none, which is accepted.
  package var fieldName: String?

  /// The file's name as the client meant it: unescaped, not always UTF-8, with any directories still in it. Never
  /// nil for a part that the parser reports; empty where the client sends a file without a name.
  package var filename: NameBytes?

  /// The part's Content-Type as it was sent, with its parameters; nil without one. Bytes that are not UTF-8 become
  /// U+FFFD.
  package var contentType: String?

  /// The part's Content-Length in bytes; nil without one or where it is not a number of up to 64 bits. Only a hint,
  /// which RFC 7578 section 4.8 has receivers ignore: the delimiter alone decides where a part ends.
  package var contentLength: UInt64?

  /// The digests that the part's content must have, from its `Repr-Digest` and `Content-Digest` (RFC 9530); empty
  /// without them. The parser does not compare them.
  package var digests = ContentDigests()
}

/// Finds the files in a multipart/form-data body as it arrives (RFC 7578, with the grammar of RFC 2046 section 5.1.1).
///
/// No I/O and no clock: give it buffers with ``append(_:)``, call ``next()`` for events until it returns nil, and
/// ``finish()`` at the end of the body. File content is returned in the storage it arrived in; apart from bytes that
/// are not parsed yet, the parser retains only one part's headers, within their limits. Text fields, except the reported
/// one, and form controls for which no file was chosen, are checked against their limits and discarded. After an error of ``next()``, it and
/// ``finish()`` throw that same error.
package struct MultipartParser: Sendable {
  private enum Phase {
    /// Before the first delimiter. Next: `delimiterLine`.
    case preamble
    /// Behind a boundary, before the line end; the last byte there, nil before the first. Next: `headers`, `epilogue`.
    case delimiterLine(UInt8?)
    /// In the header section of a part. Next: `field`, `file`, `unnamedFile`.
    case headers
    /// In the content of a text field. Next: `delimiterLine`.
    case field
    /// In the content of a text field that is reported. Next: `delimiterLine`.
    case reportedField
    /// In the content of a file that has been reported. Next: `delimiterLine`.
    case file
    /// Before the first byte of a file with an empty name. Without content it counts as a form control without a file
    /// chosen. Next: `file`, `delimiterLine`.
    case unnamedFile
    /// After the closing delimiter. Next: nothing.
    case epilogue
  }

  /// The name of the text field that is reported where it precedes the first file; nil for none.
  package let reportedField: String?
  private let limits: MultipartLimits
  private var phase = Phase.preamble
  private var failure: UploadError?

  /// Appended bytes that are not parsed yet.
  private var input = ByteBuffer()
  private var bytesParsed: UInt64 = 0

  private var scanner: DelimiterScanner
  private var headers = PartHeaders()

  /// Counts for ``limits``: ``fieldBytes`` those of the current part, the others those of the form.
  private var preambleBytes = 0
  private var parts = 0
  private var files = 0
  private var fieldBytes = 0
  private var allFieldBytes = 0

  /// The content so far of a text field that is reported.
  private var reportedValue: [UInt8] = []

  /// The file that is reported once `unnamedFile` finds content.
  private var unnamedHead: MultipartPartHead?

  package init(
    boundary: MultipartBoundary,
    limits: MultipartLimits = MultipartLimits(),
    reportedField: String? = nil
  ) {
    (self.limits, self.reportedField) = (limits, reportedField)
    scanner = DelimiterScanner(boundary: boundary)
    scanner.beginLine()
  }

  /// How many bytes of the body have been parsed: after an event the bytes up to its end, so after `partBegan` the
  /// offset of the file's content; after nil all appended bytes. Bytes that may begin a delimiter are not counted until
  /// the next bytes decide.
  package var bytesConsumed: UInt64 {
    bytesParsed &- UInt64(scanner.pendingBytes)
  }

  /// Appends the next bytes of the body; empty buffers are allowed. Call ``next()`` until it returns nil before;
  /// otherwise these bytes are copied behind those that are not parsed yet.
  package mutating func append(_ buffer: ByteBuffer) {
    if input.readableBytes == 0 { input = buffer } else { input.writeImmutableBuffer(buffer) }
  }

  /// The next event; nil where it needs more bytes, and after ``MultipartEvent/ended``.
  /// - Throws: ``UploadError`` with code `malformedForm` for a form that breaks the rules, `tooLarge` past a limit,
  ///   `unsupportedType` for a part in base64 or quoted-printable, `badRequest` for digests that are malformed or
  ///   contradict each other. Discard the whole form.
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
    // Releases the storage, so that its owner can reuse it.
    input = ByteBuffer()
    return nil
  }

  /// Checks that the form is complete. Call it at the end of the body, after ``next()`` has returned nil.
  /// - Throws: ``UploadError`` with code `incomplete` where the closing delimiter is missing, or the error thrown
  ///   before. Discard the whole form.
  package mutating func finish() throws(UploadError) {
    if let failure { throw failure }
    switch phase {
    case .epilogue: return
    case .preamble:
      throw UploadError(.incomplete, "The form has no boundary. Send the one that the Content-Type header states.")
    case .delimiterLine, .headers, .field, .reportedField, .file, .unnamedFile:
      throw UploadError(.incomplete, "The form ended before its closing boundary. Send it again.")
    }
  }
}

extension MultipartParser {
  /// Parses the front of `input`, which is not empty, as far as one event or one change of state; every call makes
  /// progress. Nil where that is no event.
  /// - Throws: as ``next()`` does.
  private mutating func advance() throws(UploadError) -> MultipartEvent? {
    switch phase {
    case .preamble:
      let (content, limit) = (consume(scanner.scan(input)), limits.preambleBytes)
      try preambleBytes.add(
        content?.readableBytes ?? 0,
        upTo: limit,
        code: .malformedForm,
        "No boundary in the form's first \(limit) bytes. Send the boundary that the Content-Type header states."
      )
    case .delimiterLine(let previous): return try readDelimiterLine(after: previous)
    case .headers: return try readHeaders()
    case .field: try countField(consume(scanner.scan(input))?.readableBytes ?? 0)
    case .reportedField: return try readReportedField()
    case .file:
      if let content = consume(scanner.scan(input)) { return .body(content) }
      if case .delimiterLine = phase { return .partEnded }
    case .unnamedFile: return try readUnnamedFile()
    case .epilogue: consume(input.readableBytes)
    }
    return nil
  }

  private mutating func consume(_ length: Int) {
    input.moveReaderIndex(forwardBy: length)
    bytesParsed &+= UInt64(length)
  }

  /// Moves behind what the scanner found at the front of `input`; begins the next phase behind a delimiter.
  /// - Returns: the content in the storage it arrived in, or pending bytes that are content in the delimiter's storage;
  ///   nil for a delimiter and for bytes that may begin one.
  private mutating func consume(_ step: DelimiterScanner.Step) -> ByteBuffer? {
    switch step {
    case .content(let count):
      let content = input.head(count)
      consume(count)
      return content
    case .mismatch: return scanner.delimiter.part(scanner.releasePending())
    case .pending(let count): consume(count)
    case .delimiter(let count):
      consume(count)
      phase = .delimiterLine(nil)
      headers = PartHeaders()
    }
    return nil
  }

  /// Parses the next byte after a boundary: two dashes end the form; optional spaces and tabs and a CRLF begin a part.
  /// - Parameter previous: the byte before it; nil for the first byte after the boundary.
  /// - Throws: ``UploadError`` with code `tooLarge` past a limit, `malformedForm` for any other byte: attackers have
  ///   exploited receivers that interpret text after a boundary differently.
  private mutating func readDelimiterLine(after previous: UInt8?) throws(UploadError) -> MultipartEvent? {
    guard let byte = input.getInteger(at: input.readerIndex, as: UInt8.self) else { return nil }
    consume(1)
    phase = .delimiterLine(byte)
    // Spaces and tabs are the transport padding of RFC 2046 section 5.1.1.
    let isPadding = previous.map(ASCII.isBlank) ?? true
    if previous == ASCII.dash, byte == ASCII.dash {
      phase = .epilogue
      return .ended
    } else if previous == ASCII.carriageReturn, byte == ASCII.lineFeed {
      let limit = limits.parts
      try parts.add(1, upTo: limit, "The form has more than \(limit) parts, the limit. Send it as several forms.")
      fieldBytes = 0
      phase = .headers
    } else if isPadding, ASCII.isBlank(byte) {
      // Padding counts as headers, since a client may send any amount of it.
      try headers.count(1, within: limits)
    } else if !(isPadding && byte == ASCII.carriageReturn) && !(previous == nil && byte == ASCII.dash) {
      throw UploadError(
        .malformedForm,
        byte == ASCII.lineFeed
          ? "A boundary is followed by LF without CR. End the lines of a form with CR LF."
          : "The form has other text after a boundary. Choose a boundary that does not occur in any part."
      )
    }
    return nil
  }

  private mutating func readHeaders() throws(UploadError) -> MultipartEvent? {
    let before = input.readableBytes
    let isComplete = try headers.read(from: &input, within: limits)
    bytesParsed &+= UInt64(before - input.readableBytes)
    guard isComplete else { return nil }
    // An empty part may lack a CRLF of its own: the one that ended the headers is also part of its delimiter.
    scanner.beginLine()
    let head = try headers.fileHead()
    if let head, head.filename != "" { return try beginFile(head) }
    unnamedHead = head
    if head != nil {
      phase = .unnamedFile
    } else {
      let isReported = files == 0 && reportedField != nil && headers.fieldName == reportedField
      phase = isReported ? .reportedField : .field
      reportedValue = []
    }
    return nil
  }

  /// Counts a file and begins to report its content.
  /// - Throws: ``UploadError`` with code `tooLarge` where the form has too many files.
  private mutating func beginFile(_ head: MultipartPartHead) throws(UploadError) -> MultipartEvent {
    let limit = limits.files
    try files.add(1, upTo: limit, "The form has more than \(limit) files, the limit. Send them as several forms.")
    phase = .file
    return .partBegan(head)
  }

  /// Counts bytes of the current text field.
  /// - Throws: ``UploadError`` with code `tooLarge` where the field, or all fields together, exceed their limit.
  private mutating func countField(_ count: Int) throws(UploadError) {
    let (limit, total) = (limits.fieldBytes, limits.allFieldBytes)
    try fieldBytes.add(count, upTo: limit, "A text field exceeds \(limit) bytes. To send a file, add a filename.")
    try allFieldBytes.add(count, upTo: total, "The text fields exceed \(total) bytes. To send files, add filenames.")
  }

  /// Reads the next bytes of a text field that is reported.
  /// - Throws: ``UploadError`` with code `tooLarge` where it is longer than its limit, or as ``countField(_:)``.
  private mutating func readReportedField() throws(UploadError) -> MultipartEvent? {
    if let content = consume(scanner.scan(input)) {
      try countField(content.readableBytes)
      let limit = limits.reportedFieldBytes
      guard fieldBytes <= limit else {
        let name = Excerpt.quoted(reportedField ?? "")
        throw UploadError(.tooLarge, "The text field \(name) exceeds \(limit) bytes. Send a shorter text.")
      }
      reportedValue += content.readableBytesView
    } else if case .delimiterLine = phase {
      return .field(reportedValue)
    }
    return nil
  }

  private mutating func readUnnamedFile() throws(UploadError) -> MultipartEvent? {
    let step = scanner.scan(input)
    switch step {
    case .content, .mismatch:
      // It has content, so it is a file; the next call scans the same content again.
      return try beginFile(unnamedHead ?? MultipartPartHead())
    case .pending, .delimiter:
      _ = consume(step)
      return nil
    }
  }
}

extension ByteBuffer {
  /// The first `length` readable bytes, in the same storage. (`getSlice` copies bytes beyond 16 MiB.)
  fileprivate func head(_ length: Int) -> ByteBuffer {
    var head = self
    head.moveWriterIndex(to: readerIndex + length)
    return head
  }

  /// The readable bytes in `range`, which counts from the first of them; in the same storage.
  fileprivate func part(_ range: Range<Int>) -> ByteBuffer {
    var part = self
    part.moveWriterIndex(to: readerIndex + range.upperBound)
    part.moveReaderIndex(to: readerIndex + range.lowerBound)
    return part
  }
}
