package import UploadCore

/// Counts the results of a run of `send` with any number of files: its memory does not depend on that number.
package struct SendTally: Sendable {
  /// Why something was not sent.
  package struct Failure: Sendable, Equatable {
    /// The path or name, not made safe to show.
    package let path: String
    /// What happened, not made safe to show.
    package let message: String

    package init(path: String, message: String) { (self.path, self.message) = (path, message) }
  }

  /// How many uploads ``uploads`` has at most.
  package static let uploadLimit = 1000
  /// How many paths ``failures`` and ``skipped`` have at most.
  package static let pathLimit = 100

  /// Files whose upload finished.
  package private(set) var sent: UInt64 = 0
  /// The bytes of the files that were sent, together.
  package private(set) var sentBytes: UInt64 = 0
  /// Of these, files that the server stored under another name or path than was requested.
  package private(set) var renamed: UInt64 = 0
  /// Files that the server had already.
  package private(set) var existing: UInt64 = 0
  package private(set) var existingBytes: UInt64 = 0
  /// Files that were sent although the server had ones of their names and sizes, of which it knew neither time nor SHA-256.
  package private(set) var unknown: UInt64 = 0
  /// Files and directories that could not be read, sent or made.
  package private(set) var failed: UInt64 = 0
  /// Uploads that had begun when the run was cancelled.
  package private(set) var cancelled: UInt64 = 0
  /// Files that had not begun when the run was stopped, or whose upload ended because of the error of another one.
  package private(set) var notSent: UInt64 = 0
  /// Symbolic links that were not followed.
  package private(set) var links: UInt64 = 0
  /// Sockets, pipes and devices.
  package private(set) var specialFiles: UInt64 = 0
  /// Empty directories that were made at the server.
  package private(set) var directories: UInt64 = 0
  /// Empty directories that the server had already.
  package private(set) var directoriesExisting: UInt64 = 0
  /// Empty directories that the server does not make.
  package private(set) var directoriesNotSent: UInt64 = 0
  /// Files and directories that were left out by patterns.
  package private(set) var excluded: UInt64 = 0

  /// The first uploads that ended: in the order of their arguments, then in that of their ends.
  package private(set) var uploads: [UploadSummary.Entry] = []
  /// The positions of ``uploads``.
  private var positions: [Int] = []
  /// How many more there were.
  package private(set) var unlistedUploads: UInt64 = 0
  /// The first failures.
  package private(set) var failures: [Failure] = []
  /// The first links and special files, with what they are.
  package private(set) var skipped: [Failure] = []

  /// Whether nothing is sent: files that would be are counted instead.
  package let isDry: Bool
  /// Files that would be sent.
  package private(set) var listed: UInt64 = 0
  package private(set) var listedBytes: UInt64 = 0

  package init(isDry: Bool = false) { self.isDry = isDry }

  /// Whether nothing failed, was cancelled or is missing.
  package var isGood: Bool { failed == 0 && cancelled == 0 && notSent == 0 }

  /// Counts an upload that has ended, or a file that was not begun: its meter has not ended.
  /// - Parameter position: of its argument; nil for a file of a directory.
  package mutating func note(_ meter: UploadMeter, position: Int? = nil) {
    switch meter.ended?.outcome {
    case .finished(let file):
      sent += 1
      sentBytes &+= file.bytes
      let path = PlainText.sanitized(file.path)
      // The URL may have named a directory.
      if path != meter.name, !path.hasSuffix("/" + meter.name) { renamed += 1 }
    case .failed(let error): noteFailure(meter.name, error)
    case .cancelled: cancelled += 1
    case nil: notSent += 1
    }
    guard uploads.count < Self.uploadLimit else {
      unlistedUploads += 1
      return
    }
    let position = position ?? .max
    let index = positions.firstIndex { $0 > position } ?? positions.count
    positions.insert(position, at: index)
    uploads.insert(UploadSummary.Entry(for: meter, verdict: meter.ended == nil ? .cancelled : nil), at: index)
  }

  /// Counts a file or directory that failed without an upload.
  package mutating func noteFailure(_ path: String, _ error: UploadError) {
    failed += 1
    guard failures.count < Self.pathLimit else { return }
    failures.append(Failure(path: path, message: error.message))
  }

  /// Notes that the run was stopped by the error of one upload: those that ended because of it count as not sent.
  package mutating func noteStop() {
    notSent += cancelled
    cancelled = 0
  }

  /// Counts a file that the server had already.
  package mutating func noteExisting(bytes: UInt64) {
    existing += 1
    existingBytes &+= bytes
  }

  /// Counts a file of which the server had one of the same name and size, and knew nothing else to compare.
  package mutating func noteUnknown() { unknown += 1 }

  /// Counts a link or a special file.
  /// - Parameter noun: what it is.
  package mutating func noteSkipped(_ path: String, isLink: Bool, noun: String) {
    if isLink { links += 1 } else { specialFiles += 1 }
    if skipped.count < Self.pathLimit { skipped.append(Failure(path: path, message: noun)) }
  }

  /// Counts an empty directory that the server had already.
  package mutating func noteExistingDirectory() { directoriesExisting += 1 }

  /// Notes how many files and directories were left out by patterns.
  package mutating func noteExcluded(_ count: UInt64) { excluded = count }

  /// Counts an empty directory that the server did not have.
  /// - Parameter isMade: whether it was made.
  package mutating func noteDirectory(isMade: Bool) {
    if isMade { directories += 1 } else { directoriesNotSent += 1 }
  }

  /// Counts a file that would be sent.
  package mutating func noteListed(bytes: UInt64) {
    listed += 1
    listedBytes &+= bytes
  }

  /// Counts files that a stopped run has not read.
  package mutating func noteUnsent(_ count: UInt64) { notSent += count }

  /// The object `counts` of the `summary` event.
  var json: JSONValue {
    let listing: [(String, JSONValue)] =
      isDry ? [("wouldSend", .unsigned(listed)), ("wouldSendBytes", .unsigned(listedBytes))] : []
    let counts: [(String, JSONValue)] = [
      ("sent", .unsigned(sent)), ("bytes", .unsigned(sentBytes)), ("renamed", .unsigned(renamed)),
      ("existing", .unsigned(existing)), ("unknown", .unsigned(unknown)), ("failed", .unsigned(failed)),
      ("cancelled", .unsigned(cancelled)),
      ("notSent", .unsigned(notSent)),
      ("links", .unsigned(links)), ("specialFiles", .unsigned(specialFiles)),
      ("directories", .unsigned(directories)), ("directoriesExisting", .unsigned(directoriesExisting)),
      ("directoriesNotSent", .unsigned(directoriesNotSent)), ("excluded", .unsigned(excluded)),
      ("unlistedUploads", .unsigned(unlistedUploads)),
    ]
    return .object(counts + listing)
  }

  /// The failures as an array of the `summary` event.
  var failuresJSON: JSONValue {
    .array(
      failures.map {
        .object([("path", .string(NameBytes(lossless: $0.path).description)), ("message", .string($0.message))])
      }
    )
  }

  /// The results for people, one text line for each kind that occurred, then the failures; safe to show, without a line
  /// end after the last.
  /// - Parameters:
  ///   - listsSkipped: whether links and special files are listed too, because they were not reported before.
  ///   - shownFailures: how many failures were shown when they occurred at most; these are not listed again.
  package func text(seconds: Double, listsSkipped: Bool, shownFailures: UInt64 = 0) -> String {
    let filesFound = [sent, listed, existing, failed, cancelled, notSent]
    let rate = seconds > 0 ? ", \(ByteSize.rateText(Double(sentBytes) / seconds))" : ""
    var lines =
      isDry
      ? ["\(Self.count(listed, "file")) would be sent, \(ByteSize.text(listedBytes))"]
      : ["\(Self.count(sent, "file")) sent, \(ByteSize.text(sentBytes)) in \(TimeText.clock(seconds))\(rate)"]
    if filesFound.allSatisfy({ $0 == 0 }) {
      lines = ["no files to send" + (excluded > 0 ? " (\(excluded.grouped) excluded)" : "")]
    }
    if renamed > 0 {
      let reason = "because \(renamed == 1 ? "its" : "their") name existed or is not allowed"
      lines.append("\(Self.count(renamed, "file")) stored under another name, \(reason)")
    }
    if existing > 0 {
      lines.append("\(Self.count(existing, "file")) skipped, \(ByteSize.text(existingBytes)): the server has them")
    }
    if unknown > 0 {
      let files = Self.count(unknown, "file")
      lines.append(
        isDry
          ? "\(files) of these cannot be compared with the server's: it keeps no modification times and has no SHA-256"
          : "\(files) sent again, since the server keeps no modification times and had no SHA-256; the next run skips them"
      )
    }
    if directories > 0 {
      let made = Self.count(directories, "empty directory", "empty directories")
      lines.append("\(made) \(isDry ? "would be made" : "made")")
    }
    if directoriesExisting > 0 {
      let text = Self.count(directoriesExisting, "empty directory", "empty directories")
      lines.append("\(text) skipped: the server has \(directoriesExisting == 1 ? "it" : "them")")
    }
    if directoriesNotSent > 0 {
      lines.append(
        "\(Self.count(directoriesNotSent, "empty directory", "empty directories")) not sent: the server makes none"
      )
    }
    let kinds = [Self.some(links, "symbolic link"), Self.some(specialFiles, "special file")].compactMap { $0 }
    if !kinds.isEmpty {
      lines.append(kinds.joined(separator: " and ") + " skipped" + (listsSkipped ? ":" : ""))
      if listsSkipped {
        lines += skipped.map { "  \(PlainText.sanitized($0.path)) (\($0.message))" }
        lines += Self.more(links + specialFiles, than: skipped.count)
      }
    }
    if cancelled > 0 { lines.append("\(Self.count(cancelled, "upload")) cancelled") }
    if notSent > 0 { lines.append("\(Self.count(notSent, "file")) not sent") }
    if failed > 0, shownFailures > 0 {
      let rest = failed > shownFailures ? ", the first \(shownFailures.grouped) of them" : ""
      lines.append("\(failed.grouped) failed, see above\(rest)")
    } else if failed > 0 {
      lines.append("\(failed.grouped) failed:")
      lines += failures.map { "  \(PlainText.sanitized($0.path)): \(PlainText.sanitized($0.message))" }
      lines += Self.more(failed, than: failures.count)
    }
    return lines.joined(separator: "\n")
  }

  private static func more(_ count: UInt64, than listed: Int) -> [String] {
    count > UInt64(listed) ? ["  and \((count - UInt64(listed)).grouped) more"] : []
  }

  private static func some(_ count: UInt64, _ noun: String) -> String? {
    count > 0 ? self.count(count, noun) : nil
  }

  /// `1 file`, `10,000 files`
  static func count(_ count: UInt64, _ noun: String, _ plural: String? = nil) -> String {
    "\(count.grouped) \(count == 1 ? noun : plural ?? noun + "s")"
  }
}
