/// Where a running server can be reached.
package struct ServerAddress: Sendable, Equatable {
  /// For clients on this machine or its network: `http://127.0.0.1:8080`.
  package var url: String
  package var port: Int
  /// The raw listener's port; nil without one.
  package var rawPort: Int?

  init(host: String, port: Int, rawPort: Int?) {
    let written = host.contains(":") ? "[\(host)]" : host
    url = "http://\(written):\(port)"
    self.port = port
    self.rawPort = rawPort
  }
}
