import Foundation
import Glibc
import Synchronization
import UploadCore

/// Somebody at the keyboard, who goes down and up through a list, and looks at the clock at each key.
final class Typist: Sendable {
  private let pressed = Mutex<[ContinuousClock.Instant]>([])

  /// Presses `count` keys, 2 to 34 milliseconds apart, on a thread of its own.
  func type(_ count: Int, on terminal: DrainedTerminal) {
    Thread.detachNewThread { [self] in
      var noise = Noise(seed: 3)
      for (number, word) in noise.bytes(count).enumerated() {
        usleep(2000 + UInt32(word) * 125)
        pressed.withLock { $0.append(.now) }
        terminal.type(UInt8(ascii: number / 20 % 2 == 0 ? "j" : "k"))
      }
    }
  }

  /// Takes out the first `count` keys.
  /// - Returns: how long ago each was pressed, in seconds.
  func answer(_ count: Int) -> [Double] {
    let now = ContinuousClock.now
    return pressed.withLock { pressed in
      defer { pressed.removeFirst(min(count, pressed.count)) }
      return pressed.prefix(count).map { (now - $0).inSeconds }
    }
  }
}
