import Glibc

/// Our end of what a child writes.
struct ChildPipe {
  private(set) var descriptor: Int32
  private var lines = LineBuffer()

  /// - Parameter descriptor: closed at the end of what comes; reading from it does not wait.
  init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  /// Whether more may come.
  var isOpen: Bool { descriptor >= 0 }

  /// The lines that have come since the last call.
  mutating func read() -> [String] {
    guard isOpen else { return [] }
    return withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 16) { buffer in
      var found: [String] = []
      while true {
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if count > 0 {
          found += lines.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        } else if count < 0, errno == EINTR {
          continue
        } else {
          if count == 0 || errno != EAGAIN { close() }
          return found
        }
      }
    }
  }

  mutating func close() {
    if isOpen { Glibc.close(descriptor) }
    descriptor = -1
  }
}
