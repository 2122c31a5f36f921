import NIOCore
import Synchronization

/// Slows down guessing: a client that has presented ``limit`` wrong tokens within ``window`` is blocked for ``window``.
///
/// Requests without a token are no guesses. Locked only for wrong tokens, and while a client has presented any.
final class TokenGuesses: Sendable {
  static let limit = 10
  static let window = TimeAmount.minutes(1)
  /// Clients that are remembered; the half that guessed least recently goes first, before any that is blocked.
  static let maxClients = 4096

  private struct Record {
    /// Of the wrong tokens within the window, oldest first; at most ``limit``.
    var times: [NIODeadline] = []
    var blockedUntil: NIODeadline?

    func isExpired(at now: NIODeadline) -> Bool {
      if let blockedUntil { return now >= blockedUntil }
      return times.last.map { now - $0 >= TokenGuesses.window } ?? true
    }
  }

  private let records = Mutex<[String: Record]>([:])
  /// How many there are, for a look without the lock.
  private let count = Atomic<Int>(0)

  /// How long a client is still blocked; nil when it is not.
  /// - Parameter client: ``ClientAddress/key``.
  func blockedTime(of client: String, at now: NIODeadline) -> TimeAmount? {
    guard count.load(ordering: .relaxed) > 0 else { return nil }
    return records.withLock { records in
      guard let until = records[client]?.blockedUntil else { return nil }
      if now < until { return until - now }
      records[client] = nil
      count.store(records.count, ordering: .relaxed)
      return nil
    }
  }

  /// A client has presented so many wrong tokens in one request.
  func note(_ wrong: Int, of client: String, at now: NIODeadline) {
    guard wrong > 0 else { return }
    records.withLock { records in
      if records[client] == nil, records.count >= Self.maxClients { Self.dropOldest(&records, at: now) }
      var record = records[client] ?? Record()
      if record.isExpired(at: now) { record = Record() }
      record.times.removeAll { now - $0 >= Self.window }
      record.times += repeatElement(now, count: min(wrong, Self.limit))
      if record.times.count >= Self.limit { record = Record(blockedUntil: now + Self.window) }
      records[client] = record
      count.store(records.count, ordering: .relaxed)
    }
  }

  private static func dropOldest(_ records: inout [String: Record], at now: NIODeadline) {
    records = records.filter { !$0.value.isExpired(at: now) }
    guard records.count > maxClients / 2 else { return }
    let byAge = records.sorted { latest($0.value) < latest($1.value) }
    for (client, _) in byAge.prefix(records.count - maxClients / 2) { records[client] = nil }
  }

  /// Blocked ones have theirs in the future.
  private static func latest(_ record: Record) -> NIODeadline {
    record.blockedUntil ?? record.times.last ?? .distantPast
  }

  /// Clients that are remembered now.
  var clients: Int { records.withLock { $0.count } }
}
