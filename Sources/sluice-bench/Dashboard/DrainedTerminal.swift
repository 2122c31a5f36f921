import CLinux
import Foundation
import Glibc
import Synchronization
import UploadCore

/// A terminal that somebody reads and nobody looks at, and on whose keyboard anybody may type.
final class DrainedTerminal: Sendable {
  /// Where a program reads keys and draws.
  let program: Int32
  private let screen: Int32
  private let counter = Counter()

  /// Shared with the thread that reads, which ends when nobody has the program's end open.
  private final class Counter: Sendable {
    let bytes = Atomic<Int>(0)
  }

  /// - Throws: ``UploadError`` with code `internalFailure` when the system has none.
  init(columns: Int, rows: Int) throws(UploadError) {
    var path = [CChar](repeating: 0, count: 128)
    screen = clinux_open_pseudo_terminal(&path, path.count, Int32(columns), Int32(rows))
    program = screen < 0 ? -1 : open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard program >= 0 else {
      if screen >= 0 { close(screen) }
      throw UploadError(.internalFailure, "There is no pseudo-terminal to be had; is /dev/pts mounted?")
    }
    let (screen, counter) = (screen, counter)
    Thread.detachNewThread {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while case let count = read(screen, &buffer, buffer.count), count > 0 {
        counter.bytes.add(count, ordering: .relaxed)
      }
      close(screen)
    }
  }

  /// Bytes that have come to the screen so far.
  var byteCount: Int { counter.bytes.load(ordering: .relaxed) }

  /// Presses a key that sends one byte.
  func type(_ byte: UInt8) {
    var byte = byte
    _ = write(screen, &byte, 1)
  }

  /// To be called when nothing draws on it any more.
  func end() {
    close(program)
  }
}
