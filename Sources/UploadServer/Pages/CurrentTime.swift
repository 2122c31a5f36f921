import Glibc
import UploadProtocol

/// The wall clock.
enum CurrentTime {
  /// Seconds since 1970.
  static var seconds: Int64 { Int64(time(nil)) }
}

/// The time as a line of the log begins with it.
package enum LogTime {
  /// `1994-11-06T08:49:37Z` (RFC 3339).
  package static var now: String { HTTPDate.internetText(CurrentTime.seconds) }
}
