import UploadCore
import UploadReport

/// One upload, or one tree as if it were one: its latest snapshot and its history.
struct UploadRecord: Sendable {
  /// The most values of ``recent``: a minute, as many as the sparkline of a row shows.
  static let recentLimit = 120

  private(set) var now: UploadSnapshot
  /// The rates in bytes per second, from the start on: averages over half a second or more.
  private(set) var rates = Series(.average)
  /// The memory that the upload used, in bytes, from the start on: maxima over half a second or more.
  private(set) var memory = Series(.maximum)
  /// The latest rates in bytes per second, oldest first: a value for each half second, at most ``recentLimit``.
  private(set) var recent: [Double] = []
  /// The highest of ``recent``, 0 without any.
  private(set) var recentPeak = 0.0
  /// The highest rate in any snapshot so far, in bytes per second; at the end at least the average.
  private(set) var peakRate = 0.0
  /// The number of snapshots in which bytes have moved: the position of the moving bar of an upload without a size.
  private(set) var motion = 0
  /// The tree, or the files of a form, that the row stands for; nil for the row of one upload.
  var tree: Tree?
  /// Whether it is a file of a tree, whose row is beneath that of the tree.
  var isInTree = false

  init(_ upload: UploadSnapshot) {
    now = upload
    let name = Self.bounded(upload.name)
    if now.name != name { now.name = name }
  }

  /// A tree's row.
  init(_ group: GroupSnapshot, id: UploadID) {
    self.init(group.upload(id: id))
    tree = Tree(now: group)
  }

  var id: UploadID { now.id }
  var isRunning: Bool { now.outcome == nil }
  /// Whether it takes one row without a bar: it is queued, or has ended.
  var isQuiet: Bool { !isRunning || now.isQueued && now.state != .paused }
  /// Whether bytes can move now, so that there is a rate.
  var isMoving: Bool { isRunning && now.shownRate != nil }
  /// Whether the user has paused it; of a tree also while files that cannot be paused are completed.
  var isPaused: Bool { tree?.now.isPaused == true || now.state == .paused || now.isPausedWhileInterrupted }

  /// Updates the record with a later snapshot.
  /// - Parameter ticks: half seconds since the snapshot before; a value is appended for each, unless the upload is
  ///   interrupted or paused.
  /// - Returns: whether the upload was running before.
  @discardableResult
  mutating func update(with upload: UploadSnapshot, ticks: Int) -> Bool {
    let wasRunning = isRunning
    if upload.bytes != now.bytes { motion &+= 1 }
    // The name does not change, and the record's may be shortened.
    let name = now.name
    now = upload
    if now.name != name { now.name = name }
    if upload.speed > peakRate { peakRate = upload.speed }
    if isRunning {
      // The history is that of the time in which bytes could move.
      let rate = upload.state == .stalled ? 0 : upload.speed
      for _ in 0..<(upload.isResting ? 0 : ticks) { append(rate: rate, memory: upload.residentBytes) }
      return wasRunning
    }
    peakRate = max(peakRate, now.averageSpeed.isFinite ? now.averageSpeed : 0)
    // An upload that ended before the first tick is shown by its average.
    if rates.values.isEmpty { append(rate: now.averageSpeed, memory: now.peakResidentBytes) }
    return wasRunning
  }

  /// Notes a limit that the user has just set, before a snapshot has it.
  mutating func setLimit(_ bytesPerSecond: UInt64?) {
    now.limit = bytesPerSecond
    tree?.now.limit = bytesPerSecond
  }

  /// Updates a tree's row with a later snapshot.
  /// - Parameter files: the tree's files.
  mutating func update(with group: GroupSnapshot, files: UploadTree, ticks: Int) {
    tree?.now = group
    tree?.isOpen = files.isOpen
    let peak = max(now.peakResidentBytes, files.residentBytes)
    var upload = group.upload(id: id, residentBytes: files.residentBytes, peakResidentBytes: peak)
    if let retry = files.retry, upload.state == .sending {
      // All of its files wait, as when the server cannot be reached.
      (upload.state, upload.retryReason, upload.retryIn) = (.waiting, retry.retryReason, retry.retryIn)
      (upload.attempt, upload.maxAttempts) = (retry.attempt, retry.maxAttempts)
    }
    update(with: upload, ticks: ticks)
  }

  /// Notes the failure of one of a tree's files; only the first ones are kept.
  mutating func note(failure upload: UploadSnapshot) {
    guard let error = upload.failure, let tree, tree.failures.count < UploadTree.failedLimit else { return }
    self.tree?.failures.append((Self.bounded(upload.name), error.message))
  }

  private mutating func append(rate: Double, memory bytes: Int) {
    rates.append(rate)
    memory.append(Double(bytes))
    if recent.count >= Self.recentLimit { recent.removeFirst() }
    // Comparisons with NaN define no order.
    recent.append(rate > 0 ? min(rate, 1e18) : 0)
    recentPeak = recent.reduce(0, max)
  }

  /// The name; if it is longer than 1,024 bytes, its first 256 and last 128 Unicode scalars around an ellipsis. A
  /// longer name would slow down each frame. File systems allow 255 bytes.
  static func bounded(_ name: String) -> String {
    guard name.utf8.count > 1024 else { return name }
    return String(name.unicodeScalars.prefix(256)) + "…" + String(name.unicodeScalars.suffix(128))
  }
}

/// Values over time in a fixed amount of memory, at first one for each ``interval``.
///
/// A full series merges each two neighbours into one value; from then on a value stands for twice as many appended
/// ones. So a series always reaches back to the first appended value.
struct Series: Sendable, Hashable {
  /// How neighbours are merged.
  enum Merge: Hashable, Sendable { case average, maximum }

  /// Seconds between two calls of ``append(_:)``.
  static let interval = 0.5
  /// A series that reaches this many values is halved, so that it always has fewer. A graph 100 cells wide in braille
  /// shows 200.
  static let capacity = 240

  /// The stored values, oldest first, fewer than ``capacity``; 0 or more each.
  private(set) var values: [Float] = []
  /// How many appended values one of ``values`` stands for.
  private var stride = 1
  private let merge: Merge
  private var pending: Float = 0
  private var pendingCount = 0

  init(_ merge: Merge) { self.merge = merge }

  /// Seconds that one of ``values`` stands for: 0.5 at first, doubled each time the series is full.
  var secondsPerValue: Double { Double(stride) * Self.interval }

  /// Appends a value; call it once for each ``interval``. NaN and negative values count as 0. It may appear in
  /// ``values`` only after later calls.
  mutating func append(_ value: Double) {
    let value = value > 0 ? Float(min(value, 1e18)) : 0
    switch merge {
    case .average: pending += value / Float(stride)
    case .maximum: pending = max(pending, value)
    }
    pendingCount += 1
    guard pendingCount >= stride else { return }
    values.append(pending)
    (pending, pendingCount) = (0, 0)
    if values.count >= Self.capacity { halve() }
  }

  private mutating func halve() {
    values = Swift.stride(from: 0, to: values.count - 1, by: 2).map { index in
      let (first, second) = (values[index], values[index + 1])
      return merge == .average ? (first + second) / 2 : max(first, second)
    }
    stride *= 2
  }
}

/// Converts the times of snapshots, which arrive at any rate, into half seconds for histories.
struct TickClock: Sendable {
  private static let interval = Duration.seconds(Series.interval)
  /// In ticks. A longer pause, in which the process was stopped, counts as one tick.
  private static let limit = 20

  private var first: ContinuousClock.Instant?
  private var next: ContinuousClock.Instant?

  /// How many half seconds have ended since the previous call, 0 to 20; one at the first call, and one after a pause of
  /// more than 10 seconds.
  mutating func ticks(until now: ContinuousClock.Instant) -> Int {
    if first == nil { first = now }
    let due = next ?? now
    guard now >= due else { return 0 }
    let count = 1 + Int(min((now - due) / Self.interval, Double(Self.limit)))
    let isPause = count > Self.limit
    next = isPause ? now + Self.interval : due + Self.interval * count
    return isPause ? 1 : count
  }

  /// Whole minutes since the first call of ``ticks(until:)``; 0 before it.
  func minutes(until now: ContinuousClock.Instant) -> Int {
    first.map { max(0, Int((now - $0).components.seconds / 60)) } ?? 0
  }
}
