import UploadCore

/// The order of the active uploads in a pane. Interrupted, paused, queued and ended uploads follow in their own order.
package enum UploadSort: String, Sendable, CaseIterable {
  /// Newest first.
  case started
  /// What may need attention first: stalled, then waiting, limited, moving, finishing.
  case state
  /// Highest rate first.
  case rate
  /// The shortest time left first, an unknown one last.
  case timeLeft = "time left"
  case name
  /// The largest first, an unknown size last.
  case size

  /// The order as text for a note: `rate, highest first`.
  var text: String {
    switch self {
    case .started: "start, newest first"
    case .state: "state, stalled first"
    case .rate: "rate, highest first"
    case .timeLeft: "time left, shortest first"
    case .name: "name"
    case .size: "size, largest first"
    }
  }

  /// The records in this order. Equal ones stay newest first: the sort of the standard library is stable.
  func sorted(_ newestFirst: [UploadRecord]) -> [UploadRecord] {
    switch self {
    case .started: newestFirst
    case .state: newestFirst.sorted { $0.now.state.attentionRank < $1.now.state.attentionRank }
    case .rate: newestFirst.sorted { Self.comparable($0.now.speed) > Self.comparable($1.now.speed) }
    case .timeLeft: newestFirst.sorted { Self.timeLeft($0.now) < Self.timeLeft($1.now) }
    case .name: newestFirst.sorted { $0.now.name < $1.now.name }
    case .size: newestFirst.sorted { Self.size($0.now) > Self.size($1.now) }
    }
  }

  /// The number; for NaN, for which comparisons define no order, the lowest.
  static func comparable(_ number: Double) -> Double { number.isNaN ? -.infinity : number }

  private static func timeLeft(_ upload: UploadSnapshot) -> Double {
    if upload.state == .finishing { return 0 }
    guard let eta = upload.eta, !eta.isNaN else { return .infinity }
    return eta
  }

  /// In bytes; below 0 where it is unknown.
  private static func size(_ upload: UploadSnapshot) -> Double { upload.size.map(Double.init) ?? -1 }
}

extension UploadState {
  /// The place in the order by state: the lowest number may need attention most.
  fileprivate var attentionRank: Int {
    switch self {
    case .failed: 0
    case .stalled: 1
    case .waitingForMemory: 2
    case .waiting: 3
    case .interrupted, .paused: 4
    case .limited: 5
    case .receiving, .sending: 6
    case .finishing: 7
    case .done, .cancelled: 8
    }
  }
}
