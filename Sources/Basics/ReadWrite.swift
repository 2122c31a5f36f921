import Glibc

/// Writes all bytes to a descriptor. Blocks while the descriptor accepts none, also in non-blocking mode: another
/// process that shares a pipe or a terminal may have set that mode, and the rest of the output would be lost.
/// - Parameter timeout: how long to wait each time a non-blocking descriptor accepts no bytes, in milliseconds; -1
///   waits without limit.
/// - Returns: true when all bytes were written; false after an error, with `errno` set, or after the timeout. Some
///   bytes may have been written then.
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

/// Writes a text in UTF-8 to a descriptor; blocks as the function for bytes does, with the same timeout in
/// milliseconds.
/// - Returns: true when all of it was written; false after an error, with `errno` set, or after the timeout.
@discardableResult
package func writeAll(_ text: String, to descriptor: Int32, timeout: Int32 = -1) -> Bool {
  var text = text
  return text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: descriptor, timeout: timeout) }
}

/// Reads from a descriptor up to the end of its content; blocks until then. Does not close the descriptor.
/// - Parameter limit: in bytes. Reading ends early once more bytes than these have been read, so a result with a larger
///   count means that the content is over the limit, and is incomplete.
/// - Returns: the bytes; nil when reading failed, with `errno` set, also in non-blocking mode when the next ones have
///   not arrived yet. Bytes read before are lost then.
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
