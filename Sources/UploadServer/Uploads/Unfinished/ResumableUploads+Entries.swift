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
