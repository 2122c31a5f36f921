import TerminalUI
import UploadTestSupport

@testable import Dashboard
@testable import UploadCore

/// A model after random messages with hostile names, extreme numbers and any keys. The same for the same seed.
struct RandomModel {
  private var random: SplitMix64
  let size: Size

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    // Small sizes have more special cases, so that half of all sizes are small.
    let small = Bool.random(using: &random)
    size = Size(
      width: Int.random(in: 1...(small ? 60 : 500), using: &random),
      height: Int.random(in: 1...(small ? 20 : 200), using: &random)
    )
  }

  mutating func model() -> DashboardModel {
    var settings = DashboardSettings()
    settings.theme = pick(ThemeName.allCases)
    settings.bar = pick(BarStyle.allCases)
    settings.sort = pick(UploadSort.allCases)
    settings.density = pick(RowDensity.allCases)
    settings.mode = pick(UploadMode.allCases)
    settings.refreshRate = pick([0, 1, 5, .max])
    var facts = DashboardFacts(url: text(), directory: text(), workingDirectory: text(), home: text())
    facts.warning = Bool.random(using: &random) ? text() : nil
    facts.rawPort = Bool.random(using: &random) ? .max : nil
    facts.requiresToken = Bool.random(using: &random)
    facts.generatedToken = Bool.random(using: &random) ? text() : nil
    facts.fingerprint = Bool.random(using: &random) ? text() : nil
    facts.links = pick([[], [text()], [text(), text(), text()]])
    let capabilities = TerminalCapabilities(
      colors: pick([.mono, .colors8, .colors16, .colors256]),
      isUnicode: Bool.random(using: &random),
      hasClipboard: false
    )
    var model = DashboardModel(facts: facts, settings: settings, capabilities: capabilities, size: size)
    var uploads = (0..<Int.random(in: 0...12, using: &random)).map { _ in upload() }
    let start = ContinuousClock.now
    for step in 0..<Int.random(in: 0...6, using: &random) {
      let pause = Duration.milliseconds(Int.random(in: 0...900, using: &random) * step)
      var snapshot = Snapshot(
        at: start + pause,
        uploads: uploads,
        memory: ProcessMemory(resident: amount(), peak: amount()),
        slabs: SlabUse(used: pick([0, -1, .max, .min, 1 << 20]), budget: pick([0, -5, .max, 1 << 28]))
      )
      snapshot.groups = (0..<Int.random(in: 0...3, using: &random)).map { group($0) }
      snapshot.uploads = uploads.map { grouped($0) }
      snapshot.downloads = DownloadTotals(active: pick([0, 1, .max, -1]), speed: number())
      snapshot.endedDownloads = [download()]
      snapshot.unlisted = pick([0, 3, -1, .max])
      snapshot.rejectedCount = amount()
      snapshot.rejected = (0..<Int.random(in: 0...3, using: &random)).map { _ in rejected() }
      _ = model.update(.snapshot(snapshot, ClockTime(hour: pick([0, 23, -1, .max]), minute: 5, second: .min)))
      uploads = uploads.filter { $0.outcome == nil }.map { changed($0) }
      for _ in 0..<4 { _ = model.update(message()) }
    }
    return model
  }

  // MARK: Uploads

  /// The upload, perhaps in a tree that snapshots have or not.
  private mutating func grouped(_ upload: UploadSnapshot) -> UploadSnapshot {
    var upload = upload
    if Bool.random(using: &random) { upload.group = UploadGroup(id: pick(["0", "1", "9"]), name: text()) }
    return upload
  }

  private mutating func group(_ index: Int) -> GroupSnapshot {
    var group = GroupSnapshot(
      direction: pick(UploadDirection.allCases),
      id: "\(index)",
      name: text(),
      remote: text(),
      mode: pick(UploadMode.allCases)
    )
    group.sender = Bool.random(using: &random) ? text() : nil
    (group.files, group.bytes) = (pick([nil, amount()]), pick([nil, amount()]))
    (group.filesFinished, group.filesFailed, group.filesCancelled) = (amount(), amount(), pick([0, amount()]))
    group.filesActive = pick([0, 1, .max, -1])
    (group.filesStalled, group.filesResting) = (pick([0, 1]), pick([0, 1]))
    (group.bytesFinished, group.bytesMoved) = (amount(), amount())
    (group.stalledSeconds, group.speed, group.eta) = (number(), number(), pick([nil, number()]))
    (group.seconds, group.hasEnded, group.isCancelled) = (number(), pick([true, false]), pick([true, false]))
    return group
  }

  private mutating func rejected() -> RejectedRequest {
    RejectedRequest(
      time: text(),
      client: pick([nil, text()]),
      method: pick([nil, text()]),
      host: pick([nil, text()]),
      path: pick([nil, text()]),
      status: pick([400, 413, -1, .max]),
      reason: text(),
      count: amount()
    )
  }

  private mutating func download() -> DownloadSnapshot {
    DownloadSnapshot(
      id: UploadID(),
      name: text(),
      remote: text(),
      size: amount(),
      bytes: amount(),
      seconds: number(),
      outcome: pick([.running, .finished, .aborted])
    )
  }

  private mutating func upload() -> UploadSnapshot {
    let incoming = Bool.random(using: &random)
    let name = text()
    let base = incoming ? UploadSnapshot.example(name) : .sending(name)
    return changed(base)
  }

  private mutating func changed(_ upload: UploadSnapshot) -> UploadSnapshot {
    var upload = upload
    upload.mode = pick(UploadMode.allCases)
    upload.size = pick([nil, 0, 1, .max, amount()])
    upload.isQueued = Int.random(in: 0..<3, using: &random) == 0
    upload.retryReason = Bool.random(using: &random) ? text() : nil
    upload.sizeExact = Bool.random(using: &random)
    upload.remote = text()
    upload.sender = Bool.random(using: &random) ? text() : nil
    upload.declaredType = Bool.random(using: &random) ? text() : nil
    upload.state = pick(UploadState.allCases)
    upload.cause = pick(StallCause.allCases + [nil])
    upload.stalledSeconds = number()
    (upload.interruptedSeconds, upload.expiresIn) = (pick([nil, number()]), pick([nil, number()]))
    upload.canPause = Bool.random(using: &random)
    upload.bytes = amount()
    upload.stored = pick([nil, amount()])
    upload.durable = pick([nil, amount()])
    (upload.speed, upload.averageSpeed, upload.seconds) = (number(), number(), number())
    upload.eta = pick([nil, number()])
    (upload.residentBytes, upload.peakResidentBytes) = (pick([0, .max, .min, 1 << 20]), pick([0, .max, -7]))
    if Int.random(in: 0..<4, using: &random) == 0 { upload.outcome = outcome() }
    if Bool.random(using: &random) {
      var time = TimeShares()
      for cause in TimeCause.allCases where Bool.random(using: &random) { time[cause] = number() }
      upload.time = time
      upload.link = LinkFacts(roundTrip: number(), deliveryRate: number(), disturbed: number(), windowSeconds: number())
    }
    return upload
  }

  private mutating func outcome() -> UploadOutcome {
    switch Int.random(in: 0..<3, using: &random) {
    case 0: .cancelled
    case 1: .failed(UploadError(pick(UploadError.Code.allCases), text()))
    default:
      .finished(FinishedUpload(path: text(), bytes: amount(), type: text(), detectedType: text(), sha256: text()))
    }
  }

  private mutating func amount() -> UInt64 {
    pick([0, 1, 1023, 1 << 20, 1 << 40, .max, UInt64.random(in: 0...(.max), using: &random)])
  }

  private mutating func number() -> Double {
    pick([0, 1, 12.3, 1e6, 1e300, -1, .nan, .infinity, -.infinity, .leastNonzeroMagnitude])
  }

  // MARK: Messages

  private mutating func message() -> DashboardMessage {
    switch Int.random(in: 0..<13, using: &random) {
    case 12: .queued(UploadID())
    case 0: .note(pick(NoteLevel.allCases), text())
    case 1: .freeSpace(pick([nil, 0, .max]))
    case 2: .input(.paste(pick([text(), "/" + text(), "'/a b' ~/c"])))
    case 3: .input(.mouse(MouseEvent(pick([.press, .scrollUp, .scrollDown]), at: point())))
    case 4: pick([.directory(listing()), .counted(count())])
    case 5:
      .checked(SendCheck(files: [checked()], target: .ownServer))
    default: .input(.key(key()))
    }
  }

  private mutating func checked() -> SendCheck.File {
    .init(path: "/a b", size: .max, isDirectory: pick([true, false]), problem: pick([nil, text()]))
  }

  private mutating func count() -> DirectoryCount {
    var count = DirectoryCount(path: "/a b")
    (count.files, count.bytes, count.skipped, count.unreadable) = (amount(), amount(), amount(), amount())
    (count.isPartial, count.isStopped) = (pick([true, false]), pick([true, false]))
    count.problem = pick([nil, text()])
    return count
  }

  private mutating func listing() -> DirectoryListing {
    let entries = (0..<20).map { _ in
      DirectoryEntry(
        name: text(),
        kind: pick([.directory, .file, .other(text())]),
        size: pick([nil, amount()]),
        modified: text(),
        linkTarget: pick([nil, text()]),
        problem: pick([nil, text()])
      )
    }
    return DirectoryListing(requested: text(), path: "/" + text(), entries: entries, total: pick([0, .max, .min]))
  }

  private mutating func point() -> Point {
    Point(x: pick([0, -1, size.width / 2, .max]), y: pick([0, 5, size.height - 1, .min]))
  }

  private mutating func key() -> KeyEvent {
    let typed = Array("upxmrc sSfl/?LGGRRYgjkhtb+-M123ynQQzzdd").map { KeyEvent($0) }
    let others: [Key] = [.enter, .tab, .escape, .up, .down, .left, .right, .pageDown, .pageUp, .home, .end, .backspace]
    return pick(typed + others.map { KeyEvent($0) } + [KeyEvent("l", .control), KeyEvent("c", .control)])
  }

  // MARK: Text

  private mutating func text() -> String {
    pick(Self.texts)
  }

  private static let texts = [
    "", "a", "plain-name.bin", "evil\u{1B}]0;pwned\u{7}\u{202E}gnp.exe", "\u{9B}31mred", "row\nbreak\r\ttab\0",
    String(repeating: "long", count: 1024), "👩‍👩‍👧‍👦👍🏽🇩🇪 emoji", "日本語のファイル名.txt", "a\u{300}\u{301}\u{302}\u{303}\u{304}",
    "z" + String(repeating: "\u{336}", count: 2000), "\u{200B}\u{FEFF}\u{2066}x\u{2069}", "%s %n %d", "\u{300}first",
  ]

  private mutating func pick<Value>(_ values: [Value]) -> Value {
    // No list is empty: all of them are literals in this file.
    values[Int.random(in: 0..<values.count, using: &random)]
  }
}
