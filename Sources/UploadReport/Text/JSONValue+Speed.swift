extension JSONValue {
  /// A speed in whole bytes per second: fractions of a byte would only be noise. What is not a positive number is 0.
  static func speed(_ bytesPerSecond: Double) -> JSONValue {
    .unsigned(UInt64(exactly: min(max(0, bytesPerSecond.isNaN ? 0 : bytesPerSecond), 1e18).rounded()) ?? 0)
  }
}
