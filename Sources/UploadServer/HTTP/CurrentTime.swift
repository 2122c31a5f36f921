import Glibc

/// The wall clock.
enum CurrentTime {
  /// Seconds since 1970.
  static var seconds: Int64 { Int64(time(nil)) }
}
