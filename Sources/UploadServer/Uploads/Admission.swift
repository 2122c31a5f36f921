import HTTPTypes
import Synchronization
import UploadCore
import UploadProtocol

/// Whether the server begins new uploads. A program that quits when all uploads have finished closes it: the running ones
/// continue, with all their requests, and what this program itself sends is still accepted. Callable on any thread.
final class Admission: Sendable {
  /// What requests of this process state in the field `Sluice-Process`; random, so that no other client can.
  let process = "\(UploadID())\(UploadID())"
  private let closed = Atomic<Bool>(false)

  /// Whether new uploads of other programs are rejected.
  var isClosed: Bool { closed.load(ordering: .relaxed) }

  func setClosed(_ isClosed: Bool) { closed.store(isClosed, ordering: .relaxed) }

  /// Why a new upload is rejected, as an error with code `shuttingDown`; nil when it may begin.
  /// - Parameter fields: of its request; nil for a connection without any.
  func rejection(of fields: HTTPFields?) -> UploadError? {
    guard isClosed, fields.map({ isOwn($0) }) != true else { return nil }
    let message =
      "The server accepts no new uploads: it stops when the running ones have finished. Send the file later."
    return UploadError(.shuttingDown, message)
  }

  /// Whether a request is one of this process.
  func isOwn(_ fields: HTTPFields) -> Bool { fields[.sluiceProcess] == process }
}
