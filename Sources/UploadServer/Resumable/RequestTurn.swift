import NIOCore
import UploadCore
import UploadStorage

/// The turn of one request at an upload: see ``UploadTurns``. Lives on the connection's event loop.
struct RequestTurn {
  /// Asks the request to end. It is called on any thread, perhaps more than once.
  typealias EndRequest = @Sendable (UploadTurns.Reason) -> Void

  private enum State {
    /// The request only reads, or has no upload.
    case none
    /// The request has the turn, or waits for it.
    case taken(UnfinishedID)
    /// As ``taken(_:)``, and a user has cancelled the upload.
    case cancelled(UnfinishedID)
  }

  private let uploads: ResumableUploads
  private var state = State.none

  init(_ uploads: ResumableUploads) {
    self.uploads = uploads
  }

  /// Whether the request has the turn, or waits for it.
  var isTaken: Bool {
    switch state {
    case .none: false
    case .taken, .cancelled: true
    }
  }

  /// Waits until no other request continues the upload. Call it at most once.
  mutating func take(_ id: UnfinishedID, on loop: any EventLoop, _ end: @escaping EndRequest) -> EventLoopFuture<Void> {
    state = .taken(id)
    return uploads.turns.begin(id, on: loop, end: end)
  }

  /// Notes that a user has cancelled the upload: it is deleted at the latest when the turn ends.
  mutating func noteCancelled() {
    if case .taken(let id) = state { state = .cancelled(id) }
  }

  /// Ends the turn: the upload is interrupted, unless it has ended.
  /// - Parameter record: as the request knows it; nil for none.
  mutating func end(_ record: UnfinishedRecord?) {
    switch state {
    case .none: break
    case .taken(let id): end(id, record)
    case .cancelled(let id):
      end(id, record)
      // Too late for the request to do it.
      uploads.cancel(id)
    }
    state = .none
  }

  private func end(_ id: UnfinishedID, _ record: UnfinishedRecord?) {
    if let record, uploads.entry(id)?.phase == .active { uploads.interrupt(record) }
    uploads.turns.end(id)
  }
}

/// Why a request of a resumable upload ends before its body is stored.
enum RequestInterruption {
  /// A newer request on the upload waits.
  case replaced
  case failed(UploadError)

  init(_ reason: UploadTurns.Reason) {
    self =
      switch reason {
      case .replaced: .replaced
      case .cancelled: .failed(.cancelledByServer)
      case .stopping: .failed(.stopping)
      }
  }

  /// Whether a user has cancelled the upload.
  var isCancellation: Bool {
    if case .failed(let error) = self { error.code == .cancelled } else { false }
  }
}
