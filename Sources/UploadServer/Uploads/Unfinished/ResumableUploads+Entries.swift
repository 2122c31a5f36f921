import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

extension ResumableUploads {
  /// What is known of one upload besides its record.
  struct Entry: Sendable {
    let meter: UploadMeter
    /// ``UnfinishedRecord/client``.
    let client: String
    let uploadProtocol: ResumableProtocol?
    /// Seconds since 1970.
    var expires: Int64
    var phase: Phase
    /// Detects the type of the content, of which it has the first ``inspected`` bytes; nil once that is done.
    var sniffer: MediaTypeSniffer?
    var inspected: UInt64 = 0
    /// Whether it is a part of another upload, and complete, so that its end is no failure.
    var isCompletePart = false

    init(_ record: UnfinishedRecord, phase: Phase) {
      let id = UploadID()
      meter = UploadMeter(
        id: id,
        direction: .incoming,
        mode: .resumable,
        name: record.name(id).path(type: record.declaredType).description,
        size: record.length,
        remote: record.remote,
        sender: record.sender,
        declaredType: record.declaredType,
        group: record.group
      )
      meter.resume(at: record.offset)
      meter.resumeStored(at: record.offset)
      if case .some(let type) = record.detectedType { meter.detectedType = type }
      client = record.client
      uploadProtocol = ResumableProtocol(rawValue: record.protocolName)
      (expires, self.phase) = (record.expires, phase)
      sniffer = record.offset == 0 ? MediaTypeSniffer() : nil
      isCompletePart = record.isCompletePart
    }
  }

  enum Phase: Sendable {
    /// A request creates or continues it.
    case active
    /// No request continues it now.
    case idle
    /// It is published, or gone for good; requests still find its record.
    case ended
  }

  /// All uploads, and how many there are.
  struct State {
    var entries: [UnfinishedID: Entry] = [:]
    /// How many unfinished uploads each client has.
    var clients: [String: Int] = [:]
    /// Finished and failed ones, oldest first; perhaps forgotten meanwhile.
    var ended = CircularBuffer<UnfinishedID>()
    var unfinished = 0
    var idle = 0
    /// The next call of ``ResumableUploads/expire(on:)``.
    var timer: Scheduled<Void>?
    /// Where the store is called without a request; nil before there are uploads.
    var eventLoop: (any EventLoop)?
    var isStopped = false
  }
}

extension ResumableUploads.State {
  mutating func insert(_ entry: ResumableUploads.Entry, _ id: UnfinishedID) {
    remove(id)
    entries[id] = entry
    count(entry, 1)
  }

  /// Notes that an upload has ended.
  /// - Parameter limit: how many that have ended are known at most.
  /// - Returns: one that has to be forgotten for it; nil for none.
  mutating func noteEnded(_ id: UnfinishedID, limit: Int) -> UnfinishedID? {
    ended.append(id)
    guard ended.count > max(1, limit), let oldest = ended.popFirst(), oldest != id else { return nil }
    guard entries[oldest]?.phase == .ended else { return nil }
    remove(oldest)
    return oldest
  }

  @discardableResult
  mutating func remove(_ id: UnfinishedID) -> ResumableUploads.Entry? {
    let entry = entries.removeValue(forKey: id)
    if let entry { count(entry, -1) }
    return entry
  }

  private mutating func count(_ entry: ResumableUploads.Entry, _ difference: Int) {
    switch entry.phase {
    case .active: break
    case .idle: idle += difference
    case .ended: return
    }
    unfinished += difference
    let count = clients[entry.client, default: 0] + difference
    clients[entry.client] = count > 0 ? count : nil
  }
}

extension ContinuousClock.Instant {
  /// The instant of a time of the wall clock, as that is set now.
  init(secondsSince1970 seconds: Int64) {
    let (difference, overflows) = seconds.subtractingReportingOverflow(CurrentTime.seconds)
    // At most 30 years, which clocks can add.
    self = .now + .seconds(overflows ? 1_000_000_000 : min(difference, 1_000_000_000))
  }
}
