import Glibc
import HTTPExchange
import NIOCore
import NIOPosix
import UploadCore

/// The note of one upload in the journal. Everything that blocks runs on the thread pool, also after the upload's task was
/// cancelled.
struct ResumeRecord: Sendable {
  /// An upload of an earlier run that can be continued.
  struct Earlier: Sendable, Equatable {
    let kind: ResumableProtocol
    /// The path and query of the upload.
    let uri: String
  }

  /// How long an upload is noted when the server does not say when it deletes it, in seconds: a week.
  private static let usualAge: Int64 = 7 * 86_400

  /// How often it is considered whether to note the progress.
  private static let interval = TimeAmount.seconds(1)

  private let claim: JournalClaim
  private let identity: FileIdentity
  private let name: String
  private let target: SendTarget

  /// Nil where there is none of this content, or it has expired.
  let earlier: Earlier?
  /// Whether there is one, but of a file with other content.
  let isChanged: Bool
  /// When the server deletes the upload, in seconds since 1970, as it has said last.
  var expires: Int64?

  /// Reserves the file's place in the journal, and reads what an earlier run has noted.
  /// - Returns: nil without a journal, for a source that is not a file named by its path, and while another process sends the
  ///   file.
  /// - Throws: ``UploadError`` when the file cannot be read.
  static func open(
    _ journal: ResumeJournal?,
    _ source: UploadSource,
    _ attempt: UploadAttempt
  ) async throws(UploadError) -> ResumeRecord? {
    guard let journal, let path = source.path, let opened = attempt.content.source else { return nil }
    let (name, target) = (source.name, attempt.target)
    return try await attempt.resources.onPool {
      guard let identity = try FileIdentity(opened, path: path),
        let claim = journal.claim(path: identity.path, name: name, target: target.urlWithoutToken)
      else { return nil }
      return ResumeRecord(claim, identity, name, target)
    }
  }

  private init(_ claim: JournalClaim, _ identity: FileIdentity, _ name: String, _ target: SendTarget) {
    (self.claim, self.identity, self.name, self.target) = (claim, identity, name, target)
    let entry = claim.entry.flatMap { $0.expires > Int64(time(nil)) ? $0 : nil }
    isChanged = entry.map { !identity.matches($0) } ?? false
    expires = entry?.expires
    guard let entry, !isChanged, let kind = ResumableProtocol(rawValue: entry.protocolName),
      let uri = UploadLocation.uri(entry.uploadURL, relativeTo: "/")
    else {
      earlier = nil
      return
    }
    earlier = Earlier(kind: kind, uri: uri)
  }

  /// Notes a new upload.
  /// - Parameters:
  ///   - expires: when the server deletes it, in seconds since 1970; nil when it has not said.
  ///   - now: the time of day, in seconds since 1970.
  /// - Returns: whether it was noted.
  mutating func begin(
    _ kind: ResumableProtocol,
    _ uri: String,
    expires: Int64?,
    now: Int64,
    _ resources: ClientResources
  ) async -> Bool {
    self.expires = expires ?? now + Self.usualAge
    let entry = ResumeJournal.Entry(
      path: identity.path,
      name: name,
      size: identity.size,
      modifiedSeconds: identity.modifiedSeconds,
      modifiedNanoseconds: identity.modifiedNanoseconds,
      endsHash: identity.endsHash,
      target: target.urlWithoutToken,
      uploadURL: UploadLocation.withoutToken(target.origin.scheme + "://" + target.authority + uri),
      protocolName: kind.rawValue,
      offset: 0,
      created: now,
      expires: self.expires ?? now
    )
    return await onPool(resources, false) { $0.write(entry) }
  }

  /// Notes the progress about every 5 s or 64 MiB, until the task is cancelled.
  func noteProgress(of meter: UploadMeter, _ resources: ClientResources, on loop: any EventLoop) -> RepeatedTask {
    let (claim, expires, size) = (claim, expires, identity.size)
    let pool = resources.threadPool
    return loop.scheduleRepeatedTask(initialDelay: Self.interval, delay: Self.interval) { _ in
      pool.submit { _ in
        claim.noteProgress(min(meter.received, size), expires: expires)
      }
    }
  }

  /// Notes how far the upload is when it does not continue, or not before the user wants that.
  func noteInterruption(_ offset: UInt64, _ resources: ClientResources) async {
    let change = change(at: offset)
    await onPool(resources, ()) { $0.update(change) }
  }

  /// Has it noted how far the upload is before a pause. Does not wait for that: where the disk is busy a sync may take longer
  /// than the pause. After ``remove(_:)`` and ``close(_:)`` it changes nothing.
  func noteRetry(_ offset: UInt64, _ resources: ClientResources) {
    let (claim, change) = (claim, change(at: offset))
    resources.threadPool.submit { _ in claim.update(change) }
  }

  private func change(at offset: UInt64) -> @Sendable (inout ResumeJournal.Entry) -> Void {
    let (expires, size) = (expires, identity.size)
    return { entry in
      entry.offset = min(offset, size)
      entry.expires = expires ?? entry.expires
    }
  }

  /// Removes the note: the upload has ended, or cannot be continued.
  func remove(_ resources: ClientResources) async {
    await onPool(resources, ()) { $0.remove() }
  }

  /// Leaves the file's place in the journal to other processes: the last call.
  func close(_ resources: ClientResources) async {
    await onPool(resources, ()) { $0.release() }
  }

  /// Runs `work` on the thread pool.
  /// - Parameter failure: returned when the pool has been shut down.
  private func onPool<Value: Sendable>(
    _ resources: ClientResources,
    _ failure: Value,
    _ work: @escaping @Sendable (JournalClaim) -> Value
  ) async -> Value {
    let claim = claim
    let done = resources.threadPool.runIfActive(eventLoop: resources.eventLoopGroup.next()) { work(claim) }
    return (try? await done.get()) ?? failure
  }
}
