import Synchronization

/// How the time of an upload is spent: the phases count it, and its connection divides what it waited for the peer.
extension UploadMeter {
  /// The time so far by cause: from the beginning to the end, or to `now`. Nil for an upload of which it is not counted.
  package func time(at now: ContinuousClock.Instant) -> TimeShares? {
    guard let spent else { return nil }
    let until = ended?.at ?? now
    let seconds = max(0, (until - startedAt).inSeconds)
    return spent.shares(at: until, peer: direction == .incoming ? .client : .server).scaled(to: seconds)
  }

  /// The time so far by cause without what is not divided yet; none for an upload of which it is not counted. A number may
  /// still shrink: ``noteRoundTrip(_:)`` and a gap of less than a second between two requests move time to another cause.
  package func dividedTime(at now: ContinuousClock.Instant) -> TimeShares {
    spent?.shares(at: now, peer: nil) ?? TimeShares()
  }

  /// What the kernel has said last of the upload's connection; nil before that, and without TCP.
  package var link: LinkFacts? { spent?.link.withLock { $0 } }

  /// Notes what the kernel says of the upload's connection.
  package func note(_ link: LinkFacts) { spent?.link.withLock { $0 = link } }

  /// Divides the time since the last call in which the upload waited for its peer while content moved.
  /// - Parameter shares: divides these seconds among causes.
  package func dividePeerTime(at now: ContinuousClock.Instant = .now, _ shares: (Double) -> TimeShares) {
    divide(.peer, at: now, shares)
  }

  /// Divides the time since the last call in which an outgoing upload waited for its response.
  package func divideResponseTime(at now: ContinuousClock.Instant = .now, _ shares: (Double) -> TimeShares) {
    divide(.response, at: now, shares)
  }

  /// Seconds that ``dividePeerTime(at:_:)`` would divide now.
  package func peerSeconds(at now: ContinuousClock.Instant = .now) -> Double {
    spent.map { Double($0.undivided(.peer, at: now)) / 1e9 } ?? 0
  }

  /// Counts for the network what counted for the server as the time of one round trip: the wait for a response that was
  /// sent at once.
  package func noteRoundTrip(_ seconds: Double) {
    spent?.move(UInt64(min(max(0, seconds), 1e3) * 1e9), from: .server, to: .network)
  }

  private func divide(_ slot: SpentTime.Slot, at now: ContinuousClock.Instant, _ shares: (Double) -> TimeShares) {
    guard let spent else { return }
    let seconds = Double(spent.undivided(slot, at: now)) / 1e9
    if seconds > 0 { spent.divide(slot, among: shares(seconds)) }
  }
}
