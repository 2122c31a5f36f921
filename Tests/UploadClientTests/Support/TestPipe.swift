import Foundation
import Glibc
import UploadTestSupport

/// A pipe, for sources of unknown length.
struct TestPipe {
  /// To read from.
  let output: CInt
  /// To write to.
  let input: CInt

  init() throws {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { throw TimeoutError("no pipe: errno \(errno)") }
    (output, input) = (ends[0], ends[1])
  }

  /// Writes all of `bytes`, waiting for the reader, and then closes the end to write to; from a thread of its own, since
  /// a wait would block a thread that all tests share.
  /// - Parameter limit: the most bytes written at once.
  func write(_ bytes: [UInt8], atMost limit: Int = .max) {
    Thread.detachNewThread { [input] in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, min(limit, $0.count)) }
        guard count > 0 else { break }
        rest = rest.dropFirst(count)
      }
      close(input)
    }
  }
}
