import Glibc

/// Writes a text to a descriptor, waiting where it must; gives up when nobody takes it any more.
func writeAll(_ text: String, to descriptor: Int32) {
  writeAll(Array(text.utf8), to: descriptor)
}

/// Writes bytes to a descriptor, waiting where it must; gives up when nobody takes them any more.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
  var left = bytes[...]
  while !left.isEmpty {
    let count = left.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count > 0 {
      left.removeFirst(count)
    } else if errno == EAGAIN {
      // Whoever has the terminal's other descriptors may have made it non-blocking.
      var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard poll(&ready, 1, 1000) > 0, ready.revents & Int16(POLLOUT) != 0 else { return }
    } else if errno != EINTR {
      return
    }
  }
}
