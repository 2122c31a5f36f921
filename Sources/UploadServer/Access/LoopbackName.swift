/// Addresses that only this machine can reach.
package enum LoopbackName {
  /// Whether `host`, as written on the command line, is one.
  package static func contains(_ host: String) -> Bool {
    host.lowercased() == "localhost" || (IPAddress(ListenHost.withoutZone(host))?.isLoopback ?? false)
  }
}
