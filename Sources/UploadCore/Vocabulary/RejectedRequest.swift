/// A request that the server rejected before an upload began, and identical ones since it was last reported. Contains no
/// query and no token.
package struct RejectedRequest: Sendable, Equatable {
  /// When the last one was rejected, as RFC 3339 writes it: `1994-11-06T08:49:37Z`.
  package var time: String
  /// The client's address without a port; nil for several.
  package var client: String?
  /// nil when the request could not be parsed, on the raw port, and for several.
  package var method: String?
  /// The path, percent-encoded as it was sent; nil as ``method`` is.
  package var path: String?
  /// The status of the response.
  package var status: Int
  /// What the response says.
  package var reason: String
  /// How many there were, this one included.
  package var count: UInt64

  package init(
    time: String,
    client: String?,
    method: String?,
    path: String?,
    status: Int,
    reason: String,
    count: UInt64 = 1
  ) {
    self.time = time
    self.client = client
    self.method = method
    self.path = path
    self.status = status
    self.reason = reason
    self.count = count
  }
}
