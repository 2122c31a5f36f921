import Glibc

/// Reads a descriptor to its end.
/// - Parameter limit: the most bytes that are wanted. Where there are more, the result is longer than this, and not all of
///   them.
/// - Returns: nil when it could not be read, with `errno` as the system left it.
package func readAll(_ descriptor: Int32, limit: Int) -> [UInt8]? {
  var bytes: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 65_536)
  while bytes.count <= limit {
    let count = read(descriptor, &piece, piece.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { return nil }
    if count == 0 { break }
    bytes += piece.prefix(count)
  }
  return bytes
}
