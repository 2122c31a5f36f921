import Synchronization

/// Where a relay cuts the connection of an upload: after how many bytes from the client to the server, over all
/// connections. Has no sockets of its own.
struct CutPlan: Sendable, Equatable {
  /// How a connection is interrupted.
  enum Manner: Sendable, Equatable {
    /// Both sides get a reset (RST), as from a router that has lost its state.
    case reset
    /// Both sides get an end of stream (FIN), as from a proxy that restarts.
    case finish
  }

  /// How many cuts ``init(interrupting:)`` plans.
  static let interruptions = 2

  /// Ascending; one for each cut that is still to come.
  private var positions: [UInt64]
  /// Bytes from clients that were forwarded so far.
  private(set) var forwarded: UInt64 = 0
  /// How many connections were interrupted so far.
  private(set) var cuts = 0

  /// - Parameter positions: numbers of forwarded bytes after which the next byte cuts its connection, in any order. Equal
  ///   ones cut several connections.
  init(at positions: [UInt64]) { self.positions = positions.sorted() }

  /// Two cuts: at a third and at two thirds of a file, or a little before that, since request headers count as well.
  /// - Parameter size: of the file in bytes.
  init(interrupting size: UInt64) { self.init(at: [size / 3, size / 3 * 2]) }

  /// Bytes that may be forwarded before the next cut, 0 where the next byte cuts; nil when no cut is to come.
  var room: UInt64? { positions.first.map { $0 - min(forwarded, $0) } }

  /// Counts bytes that are forwarded: no more than ``room``.
  mutating func forward(_ count: Int) { forwarded += UInt64(max(0, count)) }

  /// Counts a connection that is interrupted, because another byte has arrived while ``room`` was 0.
  /// - Returns: how: by turns, beginning with a reset.
  mutating func cut() -> Manner {
    if !positions.isEmpty { positions.removeFirst() }
    cuts += 1
    return cuts % 2 == 1 ? .reset : .finish
  }
}

/// The ``CutPlan`` of a relay that runs, for its thread, which changes it, and for its owner.
final class CutTally: Sendable {
  private let plan: Mutex<CutPlan>

  init(_ plan: CutPlan) { self.plan = Mutex(plan) }

  var current: CutPlan { plan.withLock { $0 } }
  /// As ``CutPlan/room``.
  var room: UInt64? { current.room }

  /// As ``CutPlan/forward(_:)``.
  func forward(_ count: Int) { plan.withLock { $0.forward(count) } }

  /// As ``CutPlan/cut()``.
  func cut() -> CutPlan.Manner { plan.withLock { $0.cut() } }
}
