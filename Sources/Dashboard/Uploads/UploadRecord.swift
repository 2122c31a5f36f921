import UploadCore

/// What the dashboard knows of one upload: its latest snapshot, and how it came there.
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

  /// A file name has at most 255 bytes; what is longer is nobody's to read, but would have to be measured in each frame.
  static func bounded(_ name: String) -> String {
    guard name.utf8.count > 1024 else { return name }
    let scalars = name.unicodeScalars
    var result = String.UnicodeScalarView(scalars.prefix(256))
    result.append("…")
    result.append(contentsOf: scalars.suffix(128))
    return String(result)
  }
}
