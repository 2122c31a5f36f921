/// What the time of an upload was spent on: the causes of ``StallCause``, and what no cause delays.
package enum TimeCause: String, Sendable, CaseIterable {
  /// Incoming: the client had nothing more to receive from it. Outgoing: this program was busy, so that the socket waited for
  /// it.
  case client
  /// Outgoing: the server's receive window was full, or the server had to respond. Incoming: this program was busy with
  /// bytes that had arrived, while more waited in the socket.
  case server
  /// The network carries no more: congestion and loss, or no connection.
  case network
  /// The disk: writes, or of an outgoing upload reads.
  case disk
  /// The store, where that is another machine (incoming uploads only).
  case store
  /// No memory of the budget was free.
  case memory
  /// A rate limit.
  case limit
  /// The program that writes the input.
  case input
  /// The user had paused the upload, or no request continued it.
  case paused
  /// After the last byte: storing and publishing the file, or the response for it.
  case finishing

  fileprivate var index: Int {
    switch self {
    case .client: 0
    case .server: 1
    case .network: 2
    case .disk: 3
    case .store: 4
    case .memory: 5
    case .limit: 6
    case .input: 7
    case .paused: 8
    case .finishing: 9
    }
  }
}

/// Seconds of an upload by what they were spent on.
package struct TimeShares: Sendable, Equatable {
  private var values = InlineArray<10, Double>(repeating: 0)

  /// No time at all.
  package init() {}

  /// - Parameter seconds: by cause; causes without an entry have none.
  package init(_ seconds: KeyValuePairs<TimeCause, Double>) {
    for (cause, value) in seconds { self[cause] += value }
  }

  /// The seconds of one cause.
  package subscript(cause: TimeCause) -> Double {
    get { values[cause.index] }
    set { values[cause.index] = newValue }
  }

  /// All seconds together.
  package var seconds: Double { TimeCause.allCases.reduce(0) { $0 + self[$1] } }

  package static func += (left: inout TimeShares, right: TimeShares) {
    for index in left.values.indices { left.values[index] += right.values[index] }
  }

  /// The larger number of both for each cause.
  func raised(to other: TimeShares) -> TimeShares {
    var copy = self
    for index in copy.values.indices { copy.values[index] = max(copy.values[index], other.values[index]) }
    return copy
  }

  package static func == (left: TimeShares, right: TimeShares) -> Bool {
    left.values.indices.allSatisfy { left.values[$0] == right.values[$0] }
  }

  /// The same proportions with another sum; unchanged without any time.
  package func scaled(to seconds: Double) -> TimeShares {
    let sum = self.seconds
    guard sum > 0, sum.isFinite, seconds.isFinite else { return self }
    var copy = self
    for index in copy.values.indices { copy.values[index] *= seconds / sum }
    return copy
  }

  /// The time in whole percent, in the order of the causes: rounded so that they sum up to 100, without causes of 0 %.
  /// Empty without any time.
  package var percentages: [(cause: TimeCause, percent: Int)] {
    parts(of: 100).map { (cause: $0.cause, percent: $0.count) }
  }

  /// Divides a number of columns or percent by the time, with the largest remainders rounded up; without causes that get
  /// none.
  package func parts(of count: Int) -> [(cause: TimeCause, count: Int)] {
    let sum = seconds
    guard sum > 0, sum.isFinite, count > 0 else { return [] }
    let exact = TimeCause.allCases.map { max(0, self[$0]) / sum * Double(count) }
    var whole = exact.map { Int(min($0, Double(count))) }
    let missing = max(0, count - whole.reduce(0, +))
    let byRemainder = exact.indices.sorted { exact[$0] - Double(whole[$0]) > exact[$1] - Double(whole[$1]) }
    for index in byRemainder.prefix(missing) { whole[index] += 1 }
    return zip(TimeCause.allCases, whole).filter { $0.1 > 0 }.map { (cause: $0.0, count: $0.1) }
  }

  /// The cause of most of the time in which bytes could have moved: not of pauses. Nil without any such time.
  package var largest: TimeCause? {
    let causes = TimeCause.allCases.filter { $0 != .paused && self[$0] > 0 }
    return causes.max { self[$0] < self[$1] }
  }
}

/// What has slowed an upload down most.
package struct Bottleneck: Sendable, Equatable {
  package var cause: TimeCause
  /// The part of the time, without pauses, that it has taken: 0 to 1.
  package var share: Double

  /// Shorter uploads have no bottleneck that matters, in seconds.
  private static let shortest = 1.0

  /// The largest cause; nil for less than a second, without pauses.
  package init?(_ time: TimeShares) {
    let moving = time.seconds - time[.paused]
    guard moving >= Self.shortest, let cause = time.largest else { return nil }
    (self.cause, share) = (cause, min(1, time[cause] / moving))
  }
}
