import Basics
import CLinux
import Foundation
import Glibc
import Synchronization
import UploadCore

/// A pseudo-terminal whose output is read and dropped, and whose keys any thread may press.
final class DrainedTerminal: Sendable {
  /// Where a program reads keys and draws.
  let program: Int32
  private let screen: Int32
  private let counter = Counter()

  /// Shared with the thread that reads, which ends when the program's end is closed.
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

  /// Bytes that the screen has received so far.
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

/// Presses keys that move down and up through a list, and notes the time of each.
final class Typist: Sendable {
  private let pressed = Mutex<[ContinuousClock.Instant]>([])

  /// Presses `count` keys, 2 to 34 milliseconds apart, on a thread of its own.
  func type(_ count: Int, on terminal: DrainedTerminal) {
    Thread.detachNewThread { [self] in
      var noise = SplitMix64(seed: 3)
      for (number, word) in noise.bytes(count).enumerated() {
        usleep(2000 + UInt32(word) * 125)
        pressed.withLock { $0.append(.now) }
        terminal.type(UInt8(ascii: number / 20 % 2 == 0 ? "j" : "k"))
      }
    }
  }

  /// Takes out the first `count` keys.
  /// - Returns: how long ago each was pressed, in seconds.
  func takeDelays(_ count: Int) -> [Double] {
    let now = ContinuousClock.now
    return pressed.withLock { pressed in
      defer { pressed.removeFirst(min(count, pressed.count)) }
      return pressed.prefix(count).map { (now - $0).inSeconds }
    }
  }
}
