import Dashboard
package import HTTPExchange
package import TerminalUI
package import UploadClient
import UploadCore
import UploadProtocol
import UploadServer

/// The server, the client and the upload queue that the dashboard shows and controls.
package struct DashboardEngine: Sendable {
  /// Everything needed to start an engine.
  package struct Setup: Sendable {
    package var server: ServerEngine.Configuration
    package var directory: String
    /// Number of files sent at once; further ones are queued. Less than 1 counts as 1.
    package var jobs: Int
    /// How certificates of servers that the user names are verified.
    package var trust: ServerTrust
    /// How outgoing uploads continue after an interruption; nil to send each file in one request.
    package var resume: ResumeConfiguration? = ResumeConfiguration()
    /// The proxies through which servers that the user names are reached; the own server is always reached directly.
    package var proxies = ProxySettings.none
    /// The access token for other servers, to which unfinished uploads of an earlier process are continued; nil for
    /// none.
    package var otherToken: String?
    /// The URL that files are sent to at first, valid and with its scheme; nil for the own server.
    package var target: String?
    /// How the user is told that all uploads are done or that one has failed.
    package var notification = NotificationMode.none

    package init(server: ServerEngine.Configuration, directory: String, jobs: Int, trust: ServerTrust) {
      (self.server, self.directory, self.jobs, self.trust) = (server, directory, jobs, trust)
    }
  }

  let ledger = UploadLedger()
  let queue: UploadQueue
  let address: ServerAddress
  let server: ServerEngine
  /// The server as a target of uploads.
  private let ownTarget: SendTarget
  /// Ends when the server has ended. Its value is the error that ended the server, nil after ``stop(lettingFinish:)``.
  let serving: Task<UploadError?, Never>
  private let setup: Setup

  /// Starts the server, and returns when it listens.
  /// - Throws: ``UploadError``: `badDirectory`, `badValue`, `badCertificate`, or `cannotListen`, as when the port is in
  ///   use.
  init(_ setup: Setup) async throws(UploadError) {
    self.setup = setup
    queue = UploadQueue(ledger, jobs: setup.jobs, resume: setup.resume, proxies: setup.proxies)
    let others = ClientEngine.descriptors(jobs: setup.jobs)
    server = try await ServerEngine(setup.server, directory: setup.directory, ledger: ledger, otherDescriptors: others)
    (address, serving) = try await server.listen()
    ownTarget = try SendTarget(own: address, server)
  }

  /// The values in the dashboard that do not change while it runs.
  /// - Parameter paths: the working directory and the home directory.
  func facts(_ paths: LocalPath) -> DashboardFacts {
    let (start, home) = (paths.workingDirectory, paths.home)
    let place = setup.server.target.location ?? setup.directory
    var facts = DashboardFacts(url: address.url, directory: place, workingDirectory: start, home: home)
    facts.links = server.links(to: address, token: server.token)
    facts.rawPort = address.rawPort
    facts.requiresToken = server.token != nil
    facts.generatedToken = server.generatedToken?.text
    facts.generatedOwnerToken = server.generatedOwnerToken?.text
    facts.fingerprint = address.fingerprint?.digits
    facts.warning = setup.server.accessWarning
    let limits = setup.server.server.limits
    (facts.rateLimit, facts.rateLimitPerUpload) = (limits.rate, limits.ratePerUpload)
    facts.queueLimit = UploadQueueState.limit
    facts.target = setup.target
    facts.notification = setup.notification
    return facts
  }

  /// What a source stands for, as a text for the clipboard.
  /// - Parameter paths: what the upload directory is relative to.
  /// - Throws: ``UploadError`` with code `badValue` when it cannot be copied.
  func copiedText(_ source: CopySource, paths: LocalPath) throws(UploadError) -> CopiedText {
    let root = server.links(to: address, token: nil).first
    // In a drop box only its owner can download.
    let filesURL = setup.server.server.access.isDropBox ? nil : root.map { $0 + "files/" }
    let directory = setup.server.target.location ?? paths.absolute(setup.directory)
    return try CopiedText(source, filesURL: filesURL, directory: directory)
  }

  /// A snapshot of the ledger's uploads and of the queued ones. Each ended upload is in one snapshot only, so one
  /// caller must take them all.
  /// - Parameter sampler: the only one of the ledger.
  func snapshot(_ sampler: inout Sampler) -> Snapshot {
    // The queue first: an upload that leaves it meanwhile is then in both, and not in neither.
    let queued = queue.drainQueued()
    var snapshot = sampler.sample()
    var known = Set(snapshot.uploads.lazy.map(\.id))
    // A directory remains queued until its first file has ended.
    known.formUnion(snapshot.groups.lazy.filter { $0.direction == .outgoing }.compactMap { UploadID($0.id) })
    let ended = snapshot.uploads.firstIndex { $0.outcome != nil } ?? snapshot.uploads.endIndex
    snapshot.uploads.insert(contentsOf: queued.waiting.filter { !known.contains($0.id) }, at: ended)
    snapshot.uploads += queued.ended
    snapshot.unlisted = queued.rest
    return snapshot
  }

  /// The own server, or the server of a URL that the user typed. Does not connect.
  /// - Throws: ``UploadError`` with code `badURL`.
  func target(_ destination: SendDestination) throws(UploadError) -> SendTarget {
    switch destination {
    case .ownServer: ownTarget
    case .url(let text):
      try SendTarget(text, trust: setup.trust, isLocal: isOwn(SendTarget(text)))
    }
  }

  /// Whether the target has the own server's address, which is then reached without a proxy.
  private func isOwn(_ target: SendTarget) -> Bool {
    target.isSecure == ownTarget.isSecure && target.authority == ownTarget.authority
  }

  /// Where unfinished outgoing uploads are noted; nil when they are not.
  var journal: ResumeJournal? { setup.resume?.journal }

  /// The target of an unfinished upload of an earlier process, with the token of the own server or
  /// ``Setup/otherToken``; nil when it cannot be used any more.
  func target(of entry: ResumeJournal.Entry) -> SendTarget? {
    guard let target = try? SendTarget(entry.target, token: setup.otherToken, trust: setup.trust) else { return nil }
    guard isOwn(target) else { return target }
    if target.path == ownTarget.path, target.query == nil { return ownTarget }
    let (token, key) = (server.ownToken?.text, server.server.processKey)
    return try? SendTarget(entry.target, token: token, trust: ownTarget.origin.trust, isLocal: true, processKey: key)
  }

  /// Pauses an outgoing upload or tree, or continues it, also one of an earlier process.
  /// - Returns: false when it has ended already, is unknown, or cannot be paused.
  func setPaused(_ id: UploadID, _ isPaused: Bool) -> Bool {
    if !isPaused, queue.resume(id) { return true }
    if queue.setTreePaused(id, isPaused) { return true }
    guard ledger.setPaused(id, isPaused) else { return false }
    queue.note(id, isPaused: isPaused)
    return true
  }

  /// Limits the rate of a running or queued upload of either direction, or of an outgoing tree as a whole.
  /// - Parameter bytesPerSecond: nil to remove the limit.
  /// - Returns: false when it has ended already or is unknown.
  func setLimit(_ id: UploadID, _ bytesPerSecond: UInt64?) -> Bool {
    queue.setLimit(id, bytesPerSecond) || ledger.setLimit(id, bytesPerSecond)
  }

  /// Pauses all files of an incoming tree, or continues them.
  /// - Parameter group: the tree's id.
  func setPaused(incoming group: String, _ isPaused: Bool) -> Bool { ledger.setPaused(group, .incoming, isPaused) }

  /// Limits the rate of an incoming tree as a whole.
  func setLimit(incoming group: String, _ bytesPerSecond: UInt64?) -> Bool {
    ledger.setLimit(group, .incoming, bytesPerSecond)
  }

  /// Sets whether the server begins new uploads of other programs; those of the queue begin all the same.
  func accept(_ accepts: Bool) { server.server.accept(accepts) }

  /// A sentence about the unfinished incoming uploads that the server found when it started; nil when it found none.
  var unfinishedText: String? {
    let found = address.unfinished
    guard found > 0 else { return nil }
    let uploads = found == 1 ? "1 unfinished upload" : "\(found) unfinished uploads"
    return "Found \(uploads) of earlier clients, which can be continued."
  }

  /// The time for running uploads to finish after ``stop(lettingFinish:)``, as the user wrote it: `30s`.
  var graceText: String { setup.server.graceText }

  /// Cancels queued uploads, stops the server and the client, and returns when running disk operations have ended too.
  /// What has been stored of resumable uploads is kept, in both directions. Call it again with false to end a graceful
  /// stop early.
  /// - Parameter lettingFinish: whether running uploads may finish within the grace; those left then are cancelled.
  ///   With false all are cancelled now, and they and the server are waited for at most 2 s.
  func stop(lettingFinish: Bool) async {
    queue.close()
    if !lettingFinish {
      queue.cancelTrees()
      ledger.cancelAll()
    }
    // They would use the whole grace without moving a byte.
    queue.cancelPausedTrees()
    for meter in ledger.active() where meter.phase == .userPause {
      // The client of an incoming one is connected, and may send the rest.
      if meter.direction == .incoming { meter.setPaused(false) } else { meter.stop() }
    }
    await server.server.stop()
    if lettingFinish {
      await Race.wait(atMost: setup.server.grace) { await queue.waitUntilEmpty() }
      // The server ends incoming ones itself.
      queue.cancelTrees()
      for meter in ledger.active() where meter.direction == .outgoing { meter.stop() }
      _ = await serving.value
    } else {
      // An upload may have begun just before the server stopped.
      ledger.cancelAll()
      // Downloads would delay the server's end by its grace; interrupting them loses no data.
      await Race.wait(atMost: .seconds(2)) {
        _ = await serving.value
        await queue.waitUntilEmpty()
      }
    }
    await server.shutDown()
  }
}
