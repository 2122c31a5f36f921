/// Addresses that only this machine can reach.
enum Loopback {
  /// Whether `host`, as written on the command line, is one.
  static func contains(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." })
  }
}
