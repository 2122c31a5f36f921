import NIOCore
import UploadCore

/// How the connections of one target are used, learned from what the server does with them. Pure: events in, values out.
struct PipelineConduct: Equatable {
  /// The most requests outstanding on a connection: enough for a server that is near, and for one that is far away, where 16
  /// connections with the former would wait for responses most of the time.
  static let nearDepth = 32
  static let farDepth = 256
  /// A server is far away when no connection has opened in less time.
  static let farTime = TimeAmount.milliseconds(5)
  /// After requests were lost, so many responses must arrive before several are outstanding again.
  private static let caution = 64

  /// Whether several requests may be outstanding on a connection.
  private let mayBePipelined: Bool
  /// The shortest time in which a connection has opened; nil before the first.
  private var openingTime: TimeAmount?
  /// Whether the server has kept a connection after a response.
  private var hasKept = false
  /// Responses to wait for before connections are pipelined again.
  private var responsesToWait = 0
  /// How many requests the last connection had when the server announced its end; 0 for none.
  private var lastTotal = 0

  /// The most requests on one connection: what two connections in succession have shown, such as 1,000 for nginx
  /// (`keepalive_requests`). Beyond it requests would be sent in vain.
  private(set) var total = Int.max

  /// - Parameter mayBePipelined: whether several requests may be outstanding on a connection.
  init(mayBePipelined: Bool) { self.mayBePipelined = mayBePipelined }

  /// The most requests outstanding on a connection now.
  var depth: Int {
    guard mayBePipelined, responsesToWait == 0 else { return 1 }
    return isFar ? Self.farDepth : Self.nearDepth
  }

  /// Whether the server is so far away that a round trip costs more than a connection.
  var isFar: Bool { openingTime.map { $0 >= Self.farTime } ?? false }

  /// Whether a new connection need not show first that the server keeps it, as others have.
  var keepsAll: Bool { hasKept && responsesToWait == 0 }

  /// Whether the server has closed the last connection after its first response: it keeps none.
  var keepsNone: Bool { lastTotal == 1 }

  /// A connection has opened.
  /// - Parameter time: that it took, with all handshakes.
  mutating func opened(in time: TimeAmount) { openingTime = min(openingTime ?? time, time) }

  /// A connection has a response after which the server keeps it.
  mutating func responded() {
    hasKept = true
    if responsesToWait > 0 { responsesToWait -= 1 }
  }

  /// A connection has ended.
  mutating func ended(_ end: PipelineStateMachine.End) {
    switch end.cause {
    case .idle: break
    case .lost: responsesToWait = Self.caution
    case .announced:
      if end.responses > total { total = .max }
      // After its first response a connection has no others outstanding.
      if end.responses > 1, end.responses == lastTotal { total = end.responses }
      if end.responses == 1 { hasKept = false }
      lastTotal = end.responses
    }
  }
}

/// Decides whether all further files would be rejected like those before, so that one message is enough.
struct RejectionStreak: Equatable {
  /// So many rejections with 403 in succession stop everything: a server may reject single names so.
  private static let limit = 3

  /// The statuses of further rejections for the same reason: 429 because the wrong token was presented too often.
  static let repeatedStatuses: Set<Int> = [401, 403, 407, 429]

  private var hasSucceeded = false
  private var forbidden = 0

  /// Notes the status of a response.
  /// - Returns: whether to stop: the access token is missing or not accepted (401, 407), or nothing was accepted so far and
  ///   the first files were all forbidden (403).
  mutating func note(_ status: Int) -> Bool {
    switch status {
    case 401, 407: return true
    case 403:
      forbidden += 1
      return !hasSucceeded && forbidden >= Self.limit
    case 200..<300:
      hasSucceeded = true
      return false
    default:
      forbidden = 0
      return false
    }
  }
}
