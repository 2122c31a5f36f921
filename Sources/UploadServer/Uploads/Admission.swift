import HTTPTypes
import Synchronization
import UploadCore
import UploadProtocol

/// Whether the server begins new uploads. A program that quits when all uploads have finished closes it: the running ones
/// continue, with all their requests, and trees that are being received with all their files; what this program itself
/// sends is still accepted. Callable on any thread.
final class Admission: Sendable {
  /// What requests of this process state in the field `Sluice-Process`; random, so that no other client can.
  let process = "\(UploadID())\(UploadID())"
  private let closed = Atomic<Bool>(false)
  /// Has the trees that are being received.
  private let ledger: UploadLedger

  init(_ ledger: UploadLedger) { self.ledger = ledger }

  /// Sets whether new uploads of other programs are rejected.
  func setClosed(_ isClosed: Bool) { closed.store(isClosed, ordering: .relaxed) }

  /// Why a new upload is rejected, as an error with code `shuttingDown`; nil when it may begin.
  /// - Parameter fields: of its request; nil for a connection without any.
  func rejection(of fields: HTTPFields?) -> UploadError? {
    let accepts = accepts(isOwn: fields.map(isOwn) ?? false, fields.flatMap(TreeField.group))
    guard !accepts else { return nil }
    let message =
      "The server accepts no new uploads: it stops when the running ones have finished. Send the file later."
    return UploadError(.shuttingDown, message)
  }

  /// Whether an upload may begin. Costs nothing while all may.
  /// - Parameters:
  ///   - isOwn: whether its request is one of this process.
  ///   - group: the tree that it belongs to; nil for none.
  func accepts(isOwn: @autoclosure () -> Bool, _ group: @autoclosure () -> UploadGroup?) -> Bool {
    !closed.load(ordering: .relaxed) || isOwn() || group().map { ledger.continuesIncoming($0) } ?? false
  }

  /// Whether a request is one of this process.
  func isOwn(_ fields: HTTPFields) -> Bool { fields[.sluiceProcess] == process }
}
