import UploadCore

/// What the dashboard knows of one upload: its latest snapshot, and its history.
struct UploadRecord: Sendable {
  /// How many values the sparkline of a row can show.
  private static let recentLimit = 16

  private(set) var now: UploadSnapshot
  /// Bytes a second over the upload's life.
  private(set) var rates = Series(.average)
  /// Resident bytes over the upload's life.
  private(set) var memory = Series(.maximum)
  /// The latest rates, a value each half second, for the sparkline.
  private(set) var recent: [Double] = []
  /// The highest rate that was seen; bytes per second.
  private(set) var peakSpeed = 0.0
  /// Goes up with every snapshot in which bytes have moved: where the segment of a bar without a length stands.
  private(set) var motion = 0

  init(_ upload: UploadSnapshot) {
    now = upload
    now.name = Self.bounded(upload.name)
  }

  var id: UploadID { now.id }
  var isRunning: Bool { now.outcome == nil }

  /// Takes a later snapshot.
  /// - Parameter ticks: for how many half seconds a value is to be kept.
  mutating func take(_ upload: UploadSnapshot, ticks: Int) {
    if upload.bytes != now.bytes { motion &+= 1 }
    // The name does not change, and ours may be the shorter one.
    let name = now.name
    now = upload
    now.name = name
    if upload.speed > peakSpeed { peakSpeed = upload.speed }
    guard isRunning else { return end() }
    for _ in 0..<ticks { keep(rate: upload.speed, memory: upload.residentBytes) }
  }

  /// An upload too short to have been sampled is shown by its average.
  private mutating func end() {
    peakSpeed = max(peakSpeed, now.averageSpeed.isFinite ? now.averageSpeed : 0)
    if rates.values.isEmpty { keep(rate: now.averageSpeed, memory: now.peakResidentBytes) }
  }

  private mutating func keep(rate: Double, memory bytes: Int) {
    rates.append(rate)
    memory.append(Double(bytes))
    if recent.count >= Self.recentLimit { recent.removeFirst() }
    recent.append(rate)
  }

  /// A file name has at most 255 bytes; a longer one would have to be measured in each frame.
  static func bounded(_ name: String) -> String {
    guard name.utf8.count > 1024 else { return name }
    let scalars = name.unicodeScalars
    var result = String.UnicodeScalarView(scalars.prefix(256))
    result.append("…")
    result.append(contentsOf: scalars.suffix(128))
    return String(result)
  }
}

/// Values over time in a fixed amount of memory, a value each ``interval`` seconds at first.
///
/// When it is full, neighbours are merged and later values are taken half as often, so that it always reaches back to
/// the beginning or nearly so.
struct Series: Sendable, Hashable {
  enum Merge: Hashable, Sendable {
    case average
    case maximum
  }

  /// Seconds from one value to the next, as they are given.
  static let interval = 0.5
  /// Enough for a graph 100 cells wide in braille.
  static let capacity = 240

  /// Oldest first.
  private(set) var values: [Float] = []
  /// How many of the values given one of ``values`` stands for.
  private(set) var stride = 1
  private let merge: Merge
  private var pending: Float = 0
  private var pendingCount = 0

  init(_ merge: Merge) {
    self.merge = merge
  }

  /// Seconds that one of ``values`` stands for.
  var secondsPerValue: Double { Double(stride) * Self.interval }

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

/// Turns the times of snapshots, which come at any rate, into half seconds for what is drawn over time.
struct TickClock: Sendable {
  private static let interval = Duration.seconds(Series.interval)
  /// After a longer pause (the program was stopped) time is not made up for.
  private static let most = 20

  private var first: ContinuousClock.Instant?
  private var next: ContinuousClock.Instant?

  /// How many half seconds have become full since the last call; one at the first.
  mutating func ticks(until now: ContinuousClock.Instant) -> Int {
    guard let due = next else {
      first = now
      next = now + Self.interval
      return 1
    }
    guard now >= due else { return 0 }
    let count = 1 + Int(min((now - due) / Self.interval, Double(Self.most)))
    if count > Self.most {
      next = now + Self.interval
      return 1
    }
    next = due + Self.interval * count
    return count
  }

  /// Whole minutes since the first call of ``ticks(until:)``.
  func minutes(until now: ContinuousClock.Instant) -> Int {
    guard let first else { return 0 }
    return max(0, Int((now - first).components.seconds / 60))
  }
}
