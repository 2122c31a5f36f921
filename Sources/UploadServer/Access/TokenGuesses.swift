import NIOCore
import Synchronization

/// Slows down guessing: a client that has presented ``limit`` wrong tokens within ``window`` is blocked for ``window``.
///
/// Requests without a token are no guesses. Callable on any thread; locked only while a wrong token is counted, and
/// while there are records of any.
final class TokenGuesses: Sendable {
  /// How many wrong tokens block a client.
  static let limit = 10
  /// The time in which ``limit`` wrong tokens block a client, and for which it is then blocked.
  static let window = TimeAmount.minutes(1)
  /// The most clients whose wrong tokens are counted. When there are this many, a further one makes room: records older
  /// than ``window`` are dropped, then, down to half of this number, those whose last guess is oldest, blocked clients
  /// last.
  static let maxClients = 4096

  /// When a client presented its wrong tokens of the last ``window``, oldest first. A blocked client has ``limit`` of
  /// them, all at the instant of the last one.
  private typealias Times = [NIODeadline]

  private let records = Mutex<[String: Times]>([:])
  /// The number of records, which can be read without the lock.
  private let count = Atomic<Int>(0)

  /// How long a client is still blocked; nil when it is not. Ask before its tokens are compared.
  /// - Parameter client: ``ClientAddress/key``.
  func blockedTime(of client: String, at now: NIODeadline) -> TimeAmount? {
    guard count.load(ordering: .relaxed) > 0 else { return nil }
    return records.withLock { records in
      guard let times = records[client], times.count >= Self.limit, let last = times.last else { return nil }
      if now < last + Self.window { return last + Self.window - now }
      records[client] = nil
      count.store(records.count, ordering: .relaxed)
      return nil
    }
  }

  /// Counts the wrong tokens of one request. Those of a blocked client do not prolong its block.
  /// - Parameters:
  ///   - wrong: how many; nothing is counted for 0.
  ///   - client: ``ClientAddress/key``.
  func note(_ wrong: Int, of client: String, at now: NIODeadline) {
    guard wrong > 0 else { return }
    records.withLock { records in
      if records[client] == nil, records.count >= Self.maxClients { Self.dropOldest(&records, at: now) }
      var times = (records[client] ?? []).filter { now - $0 < Self.window }
      // A block is not prolonged.
      guard times.count < Self.limit else { return }
      times += repeatElement(now, count: min(wrong, Self.limit))
      records[client] = times.count < Self.limit ? times : Times(repeating: now, count: Self.limit)
      count.store(records.count, ordering: .relaxed)
    }
  }

  private static func dropOldest(_ records: inout [String: Times], at now: NIODeadline) {
    records = records.filter { record in record.value.last.map { now - $0 < window } ?? false }
    guard records.count > maxClients / 2 else { return }
    let byAge = records.sorted { rank($0.value) < rank($1.value) }
    for (client, _) in byAge.prefix(records.count - maxClients / 2) { records[client] = nil }
  }

  /// Records with the earliest ranks are dropped first.
  private static func rank(_ times: Times) -> NIODeadline {
    (times.last ?? .distantPast) + (times.count < limit ? .zero : window)
  }

  /// How many clients have records now, blocked and expired ones included; at most ``maxClients``.
  var clients: Int { records.withLock { $0.count } }
}
