import Glibc

/// Writes all bytes to a descriptor. Waits for room even where the descriptor is non-blocking: the process that shares a
/// pipe or a terminal may have made it so, and the rest of the output would be lost.
/// - Parameter timeout: how long to wait for room each time, in milliseconds; -1 waits without limit.
/// - Returns: false when not all could be written, with `errno` set.
@discardableResult
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, timeout: Int32 = -1) -> Bool {
  var done = 0
  while done < bytes.count {
    let count = write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
    if count > 0 {
      done += count
    } else if count < 0, errno == EAGAIN {
      var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      // A failed connection counts as room: the next write reports the error.
      guard poll(&room, 1, timeout) != 0 else { return false }
    } else if count == 0 || errno != EINTR {
      return false
    }
  }
  return true
}

/// Writes all of a text in UTF-8, as for bytes.
@discardableResult
package func writeAll(_ text: String, to descriptor: Int32, timeout: Int32 = -1) -> Bool {
  var text = text
  return text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: descriptor, timeout: timeout) }
}

/// Reads a descriptor to its end.
/// - Parameter limit: in bytes. Reading ends when the result is longer than this, so that the caller can see
///   that there is more.
/// - Returns: nil when it could not be read, with `errno` set.
package func readAll(_ descriptor: Int32, limit: Int) -> [UInt8]? {
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65_536)
  while bytes.count <= limit {
    let count = read(descriptor, &chunk, chunk.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { return nil }
    if count == 0 { break }
    bytes += chunk.prefix(count)
  }
  return bytes
}
