import Glibc
import NIOHTTP1
import Synchronization
import UploadProtocol

/// This machine's clock, and what is known of the engine's. Usable from any thread; all times are in seconds since 1970.
final class S3Clock: Sendable {
  /// Added to this machine's clock in signatures: only where the engine rejected one without it, since its `Date` may be that
  /// of a proxy with a clock that is wrong.
  private let stored = Atomic<Int64>(0)
  /// From this machine's clock to the engine's, by its last response.
  private let difference = Atomic<Int64>(0)

  /// This machine's clock.
  static var now: Int64 { Int64(time(nil)) }

  /// What is added to this machine's clock in signatures now, in seconds.
  var correction: Int64 { stored.load(ordering: .relaxed) }

  /// The time of a signature that is made now.
  var signatureTime: Int64 { Self.now + correction }

  /// The engine's clock, as far as it is known: this machine's before the first response.
  var engineTime: Int64 { Self.now + difference.load(ordering: .relaxed) }

  /// Sets the correction of signatures; 0 withdraws it.
  func correct(by seconds: Int64) { stored.store(seconds, ordering: .relaxed) }

  /// A response has come.
  func note(_ headers: HTTPHeaders) {
    let now = Self.now
    guard let text = headers.first(name: "date"), let date = HTTPDate.seconds(text, now: now) else { return }
    difference.store(date - now, ordering: .relaxed)
  }
}
