package import UploadCore

/// The last output of `send` and `headless`: every upload with its result, or the first ones and counts of all.
package struct UploadSummary: Sendable {
  /// One ended upload.
  package struct Entry: Sendable {
    package var id: UploadID
    package var mode: UploadMode
    /// The requested name.
    package var name: String
    /// Bytes of the file that the last attempt sent; 0 for an upload that ended while it waited for another attempt.
    package var bytes: UInt64
    /// Seconds from the beginning of the upload to its end, all attempts included.
    package var seconds: Double
    /// The most memory that the client used at once for this upload, in bytes.
    package var clientPeakResidentBytes: Int
    /// The most memory that the server used at once for this upload, in bytes; nil where the server is another process.
    package var serverPeakResidentBytes: Int?
    package var verdict: UploadVerdict
    /// The media type detected from the content's first bytes; nil where they show no known type.
    package var detectedType: String?
    /// SHA-256 of the content in lower-case hexadecimal; nil where the server did not state it, or the upload did not
    /// finish.
    package var sha256: String?
    /// How often the upload was interrupted on purpose; nil where it was not to be interrupted.
    package var interruptions: Int?
    /// What the time was spent on; nil for small files, of which it is not counted.
    package var time: TimeShares?

    /// ``bytes`` divided by ``seconds``, in bytes per second; 0 for an upload of 0 s.
    var averageSpeed: Double { seconds > 0 ? Double(bytes) / seconds : 0 }

    /// The object of the upload in the `summary` event.
    fileprivate var json: JSONValue {
      var fields: [(String, JSONValue)] = [
        ("id", .string(id.description)), ("mode", .string(mode.rawValue)), ("name", .string(name)),
        ("bytes", .unsigned(bytes)), ("seconds", .double(seconds)), ("speedAvg", .speed(averageSpeed)),
        ("clientPeakResidentBytes", .integer(clientPeakResidentBytes)),
        ("serverPeakResidentBytes", serverPeakResidentBytes.map { .integer($0) } ?? .null),
        ("detectedType", .optional(detectedType)), ("sha256", .optional(sha256)),
        ("verdict", .string(verdict.rawValue)),
      ]
      if let time { fields.append(("time", time.json)) }
      if let interruptions { fields.append(("interruptions", .integer(interruptions))) }
      return .object(fields)
    }
  }

  package var uploads: [Entry]
  /// The peak resident set size of this process, in bytes.
  package var peakResidentBytes: UInt64
  /// The counts of a run of `send`, of which ``uploads`` has only the first; nil where all uploads are in it.
  package var tally: SendTally?

  package init(uploads: [Entry], peakResidentBytes: UInt64) {
    self.uploads = uploads
    self.peakResidentBytes = peakResidentBytes
  }

  /// The summary of a run with any number of files.
  package init(_ tally: SendTally, peakResidentBytes: UInt64) {
    self.init(uploads: tally.uploads, peakResidentBytes: peakResidentBytes)
    self.tally = tally
  }

  /// Whether all uploads succeeded as far as is known, and nothing else failed; true without uploads.
  package var isGood: Bool { uploads.allSatisfy(\.verdict.isGood) && tally?.isGood ?? true }

  /// The `summary` event as a JSON object.
  package var json: JSONValue {
    var fields: [(String, JSONValue)] = [
      ("event", .string("summary")), ("ok", .bool(isGood)), ("uploads", .array(uploads.map(\.json))),
      ("rssPeak", .unsigned(peakResidentBytes)),
    ]
    if let tally { fields += [("counts", tally.json), ("failures", tally.failuresJSON)] }
    return .object(fields)
  }

  /// The summary in one sentence: `2 uploads, all successful, peak memory of the process 3.0 MiB`.
  var plainLine: String {
    let bad = uploads.count { !$0.verdict.isGood }
    let count = uploads.count == 1 ? "1 upload" : "\(uploads.count) uploads"
    return "\(count), \(bad == 0 ? "all successful" : "\(bad) unsuccessful"), "
      + "peak memory of the process \(ByteSize.text(peakResidentBytes))"
  }

  /// The most terminal columns of a name in the table; longer names are truncated.
  private static let longestName = 40

  /// The summary for people: a row of headings, a row per upload, and ``plainLine``; no line end after the last.
  package var table: String {
    let headings = ["name", "mode", "size", "time", "speed", "client peak", "server peak", "verdict"]
    let rows = uploads.map { upload -> [String] in
      [
        TextWidth.truncated(PlainText.sanitized(upload.name), to: Self.longestName), upload.mode.rawValue,
        ByteSize.text(upload.bytes), TimeText.clock(upload.seconds), ByteSize.rateText(upload.averageSpeed),
        ByteSize.text(UInt64(max(0, upload.clientPeakResidentBytes))),
        upload.serverPeakResidentBytes.map { ByteSize.text(UInt64(max(0, $0))) } ?? "-", upload.verdict.rawValue,
      ]
    }
    return TextTable(headings: headings, rows: rows, textColumns: [0, 1, 7]).text + "\n" + plainLine
  }
}

/// The result of one upload; the field `verdict` of the summary.
package enum UploadVerdict: String, Sendable, CaseIterable {
  /// The stored file was compared with the source and is the same.
  case intact
  /// The SHA-256 that the server stated for the stored file is that of the source.
  case verified
  /// The server reports that it stored the file; the content was not compared.
  case accepted
  /// The stored file differs from the source in content or size, or one of them cannot be read to compare them.
  case mismatch
  /// The status of the server's response is not a success.
  case refused
  /// The upload failed in any other way, or has not ended.
  case failed
  /// The upload was cancelled.
  case cancelled

  /// Whether the upload succeeded as far as is known: `intact`, `verified` or `accepted`.
  package var isGood: Bool { self == .intact || self == .verified || self == .accepted }
}

extension UploadSummary.Entry {
  /// The entry for an outgoing upload that has ended; one that has not gets 0 s and, without `verdict`, `failed`.
  /// - Parameters:
  ///   - meter: the client's.
  ///   - serverPeak: the most memory that the server used at once for it, in bytes; nil where the server is another
  ///     process.
  ///   - verdict: the result of comparing the files; nil to derive it from the outcome alone.
  package init(for meter: UploadMeter, serverPeak: Int? = nil, verdict: UploadVerdict? = nil) {
    let ended = meter.ended
    let file: FinishedUpload? = if case .finished(let file) = ended?.outcome { file } else { nil }
    self.init(
      id: meter.id,
      mode: meter.mode,
      name: meter.name,
      bytes: meter.received,
      seconds: ended.map { ($0.at - meter.startedAt).inSeconds } ?? 0,
      clientPeakResidentBytes: meter.peakResidentBytes,
      serverPeakResidentBytes: serverPeak,
      verdict: verdict ?? Self.verdict(of: ended?.outcome),
      detectedType: meter.detectedType,
      sha256: file?.sha256,
      time: ended.flatMap { meter.time(at: $0.at) }
    )
  }

  private static func verdict(of outcome: UploadOutcome?) -> UploadVerdict {
    switch outcome {
    // The client has compared a digest that the server stated.
    case .finished(let file): file.sha256 == nil ? .accepted : .verified
    case .failed(let error) where error.code == .refusedByServer: .refused
    case .failed(let error) where error.code == .contentMismatch: .mismatch
    case .cancelled: .cancelled
    case .failed, nil: .failed
    }
  }
}
