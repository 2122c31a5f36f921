/// A call on a socket failed.
struct SocketError: Error {
  let call: String
  /// `errno`.
  let number: Int32
}
