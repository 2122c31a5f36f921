/// What a server has said about itself and the one upload it gets, put together from its lines.
struct ServerNotes: Equatable {
  /// Where it listens, once it does.
  private(set) var url: String?
  /// Bytes received so far, and bytes per second at the moment.
  private(set) var bytes: UInt64 = 0
  private(set) var rate: Double = 0
  /// The most memory it has held for the upload, in bytes.
  private(set) var uploadPeak: UInt64 = 0
  /// Whether the upload has come to an end, good or bad.
  private(set) var hasEnded = false
  /// The first thing it complained about.
  private(set) var complaint: String?

  mutating func take(_ line: ChildProcess.Line) {
    switch line {
    case .output(let text): if let record = EventRecord(line: text) { take(record) }
    case .error(let text): complaint = complaint ?? text
    }
  }

  private mutating func take(_ record: EventRecord) {
    uploadPeak = max(uploadPeak, record.residentBytes ?? 0, record.peakResidentBytes ?? 0)
    switch record.event {
    case "listening": url = record.url
    case "progress": (bytes, rate) = (record.bytes ?? bytes, record.speed ?? rate)
    case "finished": (bytes, hasEnded) = (record.bytes ?? bytes, true)
    case "failed", "cancelled": hasEnded = true
    default: break
    }
  }
}
