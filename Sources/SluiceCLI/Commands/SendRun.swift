import DashboardApp
import Glibc
import Synchronization
import UploadClient
import UploadCore
import UploadReport

/// One run of `sluice send`: counts the files of directories, sends everything, and shows the results.
struct SendRun: Sendable {
  let arguments: SendArguments
  let target: SendTarget
  let configuration: UploadClientConfiguration
  let mode: UploadMode
  /// Files at once; nil for as many as they need.
  let jobs: Int?
  let rules: TreeRules
  let skipsExisting: Bool
  let isDry: Bool
  let output: SendOutput
  let stallAfter: Duration

  /// The most files at once where the user sets no number.
  static let mostJobs = 16

  /// - Returns: the exit status.
  func run(_ stop: StopRequest) async -> Int32 {
    let ledger = UploadLedger()
    let engine = ClientEngine(configuration: configuration, ledger: ledger, jobs: jobs ?? Self.mostJobs)
    let start = ContinuousClock.now
    let work = Task { await perform(engine.uploader, ledger, stop) }
    stop.onRequest {
      // What a resumable upload has stored is kept for the next run.
      for meter in ledger.active() { meter.stop() }
      work.cancel()
    }
    let results = await work.value
    let summary = UploadSummary(results.tally, peakResidentBytes: ProcessMemory.current().peak)
    show(summary, results.tally, seconds: (ContinuousClock.now - start).inSeconds)
    showHowToContinue(results)
    if stop.signal == SIGINT { return 130 }
    return summary.isGood && stop.signal == nil ? 0 : 1
  }

  private func perform(_ uploader: Uploader, _ ledger: UploadLedger, _ stop: StopRequest) async -> SendResults {
    let total = arguments.hasDirectory && !isDry ? await count(uploader) : nil
    let counter = TreeCounter(total: total.map { ($0.files, $0.bytes) })
    let results = SendResults(self, ledger: ledger, counter: counter)
    // How many of them are sent is not known before with --skip-existing: the server would wait for the others.
    let announced = skipsExisting ? nil : total
    let group =
      arguments.hasDirectory
      ? UploadGroup(id: UploadID().description, name: arguments.title, files: announced?.files, bytes: announced?.bytes)
      : nil
    let feed: TreeFeed
    do throws(UploadError) {
      feed = try await uploader.feed(
        arguments.arguments,
        rules: rules,
        to: target,
        skipsExisting: skipsExisting,
        isDry: isDry,
        group: group
      ) { results.note($0) }
    } catch {
      if !Task.isCancelled { results.noteFailure(of: target, error) }
      return results
    }
    if isDry {
      for await source in feed.sources { results.noteListed(source) }
      await feed.finish()
    } else {
      await send(feed, uploader, ledger, results, total, stop)
    }
    results.noteExcluded(feed.excludedCount)
    results.showExisting()
    return results
  }

  private func send(
    _ feed: TreeFeed,
    _ uploader: Uploader,
    _ ledger: UploadLedger,
    _ results: SendResults,
    _ total: TreeCount?,
    _ stop: StopRequest
  ) async {
    let sampler = Sampler(ledger: ledger, stallAfter: stallAfter, slabUse: { SlabUse(used: 0, budget: 0) })
    let renderer = output.renderer(arguments.hasDirectory ? results.counter : nil)
    let reporter = Reporter(sampler: sampler, ledger: ledger, renderer: renderer)
    let reporting = Task { await reporter.run() }
    let sender = feed.needsDigests ? uploader.askingForDigests : uploader
    let reason = await sender.sendEach(feed.sources, to: target, mode: mode, jobs: jobs, group: feed.group) {
      results.note($0, $1)
    }
    await feed.finish()
    // Without a signal, the command waits for its reader, as others do.
    stop.onRequest { stop.onlyOutputIsLeft() }
    if reason != nil || Task.isCancelled { noteUnsent(results, total) }
    if let reason { results.noteStop(reason, target) }
    reporting.cancel()
    await reporter.finish()
  }

  /// Notes what was not read from the feed: the sources are read in their order, and each that was read has ended.
  private func noteUnsent(_ results: SendResults, _ total: TreeCount?) {
    let done = results.counter.done.files
    guard !arguments.hasDirectory else { return results.noteUnsent(total.map { $0.files - min($0.files, done) } ?? 0) }
    for source in arguments.sources.dropFirst(Int(clamping: done)) { results.noteUnsent(source) }
  }

  // MARK: Output

  /// Counts the files of the run; on a terminal it shows how many it has found, when that takes longer.
  private func count(_ uploader: Uploader) async -> TreeCount? {
    guard case .live = output else { return await uploader.count(arguments.arguments, rules: rules) { _ in } }
    let shown = Mutex((isShown: false, at: ContinuousClock.now))
    let total = await uploader.count(arguments.arguments, rules: rules) { count in
      let isDue = shown.withLock { shown in
        guard .now - shown.at >= .milliseconds(200) else { return false }
        shown = (true, .now)
        return true
      }
      if isDue { Output.raw("\r\u{1B}[KCounting: \(count.files.grouped) files") }
    }
    if shown.withLock({ $0.isShown }) { Output.raw("\r\u{1B}[K") }
    return total
  }

  private func show(_ summary: UploadSummary, _ tally: SendTally, seconds: Double) {
    switch output {
    case .json: Output.line(UploadEvent.summary(summary).json.serialized)
    case .quiet: break
    case .live, .lines:
      if arguments.hasDirectory || isDry || tally.existing > 0 || tally.unlistedUploads > 0 {
        let isLive = if case .live = output { true } else { false }
        let shown = isLive && arguments.hasDirectory && !isDry ? UInt64(TreeRenderer.failureLimit) : .max
        Output.line("\n" + tally.text(seconds: seconds, listsSkipped: isLive, shownFailures: shown))
      } else if summary.uploads.count > 1 {
        Output.line("\n" + summary.table)
      }
    }
  }

  /// Says that the same command continues what was stopped or failed, if any of it can be continued.
  private func showHowToContinue(_ results: SendResults) {
    switch output {
    case .json, .quiet: return
    case .live, .lines: break
    }
    let tally = results.tally
    if arguments.hasDirectory, !isDry, tally.cancelled + tally.notSent > 0, tally.sent > 0,
      target.path == "/" || skipsExisting
    {
      let hint = skipsExisting ? "" : " with --skip-existing"
      Output.line("Run the same command again\(hint) to send the rest.")
    } else if results.isContinuable {
      Output.line("Run the same command again to send the rest.")
    }
  }
}
