import Basics
import CLinux
import Dashboard
import Foundation
import Glibc
import Synchronization
import TerminalNCurses
import TerminalUI
import UploadCore

/// The dashboard on a terminal, with uploads that all make progress before each frame. The caller decides when to draw.
@MainActor
final class DashboardStage {
  /// The terminal that is drawn on. The caller waits for its input, and closes it in the end.
  let terminal: NCursesTerminal
  private let meters: [UploadMeter]
  private var sampler: Sampler
  private var model: DashboardModel
  private var noise = SplitMix64(seed: 11)

  /// - Parameter uploads: number of running uploads; every other one is outgoing.
  /// - Throws: `TerminalError` when ncurses cannot draw on the terminal.
  init(uploads: Int, on screen: DrainedTerminal) throws {
    let (type, program) = ("xterm-256color", screen.program)
    terminal = try NCursesTerminal(type: type, usesColor: true, input: program, output: program, guardsProcess: false)
    let ledger = UploadLedger()
    meters = (0..<uploads).map { number in
      let direction = number.isMultiple(of: 2) ? UploadDirection.incoming : .outgoing
      let mode = number.isMultiple(of: 3) ? UploadMode.multipart : .stream
      let (name, remote) = ("recording \(number).wav", "192.168.1.7:\(50_000 + number)")
      return UploadMeter(direction: direction, mode: mode, name: name, size: 4 << 30, remote: remote)
    }
    for meter in meters { ledger.begin(meter) }
    sampler = Sampler(ledger: ledger, stallAfter: .seconds(5), slabUse: { SlabUse(used: 100 << 20, budget: 256 << 20) })
    model = DashboardModel(
      facts: DashboardFacts(url: "http://127.0.0.1:8080", directory: "uploads", workingDirectory: "/", home: "/root"),
      settings: DashboardSettings(),
      capabilities: terminal.capabilities,
      size: terminal.size
    )
  }

  /// Adds 0 to 4 MiB to each upload, takes a snapshot, and draws a frame.
  /// - Returns: CPU seconds of this thread for four steps: take the snapshot, update the model, render, flush.
  func drawFrame() -> [Double] {
    for (meter, byte) in zip(meters, noise.bytes(meters.count)) {
      meter.addReceived(Int(byte) << 14)
      if meter.direction == .incoming { meter.addStored(Int(byte) << 14) }
    }
    let (snapshot, sampling) = Self.measure { sampler.sample() }
    let (_, updating) = Self.measure { model.update(.snapshot(snapshot, ClockTime(hour: 12, minute: 0, second: 0))) }
    return [sampling, updating] + draw()
  }

  /// Handles the keys that have arrived, without waiting, and draws one frame when there are any.
  /// - Returns: the number of keys.
  func takeKeys() -> Int {
    var count = 0
    for case .key(let key) in terminal.pendingEvents() {
      _ = model.update(.input(.key(key)))
      count += 1
    }
    if count > 0 { _ = draw() }
    return count
  }

  private func draw() -> [Double] {
    let (surface, rendering) = Self.measure { model.render() }
    let (_, flushing) = Self.measure { terminal.draw(surface) }
    return [rendering, flushing]
  }

  /// - Returns: the result of `body`, and the CPU seconds that it took this thread.
  private static func measure<Result>(_ body: () -> Result) -> (Result, Double) {
    let start = processorSeconds
    let result = body()
    return (result, processorSeconds - start)
  }

  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// A pseudo-terminal whose output is counted and discarded, with a user who presses keys.
final class DrainedTerminal: Sendable {
  /// The descriptor for a program that reads keys and draws. The caller closes it when the program has ended.
  let program: Int32
  private let screen: Int32
  private let bytes = Atomic<Int>(0)
  /// When the keys were pressed that ``takeDelays(_:)`` has not removed yet.
  private let pressed = Mutex<[ContinuousClock.Instant]>([])

  /// Opens the pseudo-terminal, and starts a thread that reads its output.
  /// - Throws: ``UploadError`` with code `internalFailure` when the system has no pseudo-terminal.
  init(columns: Int, rows: Int) throws(UploadError) {
    var path = [CChar](repeating: 0, count: 128)
    screen = clinux_open_pseudo_terminal(&path, path.count, Int32(columns), Int32(rows))
    program = screen < 0 ? -1 : open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard program >= 0 else {
      if screen >= 0 { close(screen) }
      throw UploadError(.internalFailure, "Cannot open a pseudo-terminal. Check that /dev/pts is mounted.")
    }
    Thread.detachNewThread { self.drain() }
  }

  /// Number of bytes that the program has written and that were read so far.
  var byteCount: Int { bytes.load(ordering: .relaxed) }

  /// Presses `count` keys that move down and up a list, 2 to 34 milliseconds apart. Returns at once: a thread of its
  /// own presses them.
  func type(_ count: Int) {
    Thread.detachNewThread { [self] in
      for (number, pause) in SplitMix64.bytes(count, seed: 3).enumerated() {
        usleep(2000 + UInt32(pause) * 125)
        pressed.withLock { $0.append(.now) }
        var key = UInt8(ascii: number / 20 % 2 == 0 ? "j" : "k")
        _ = write(screen, &key, 1)
      }
    }
  }

  /// Removes the `count` keys from the record that were pressed first; call it when their frame is written.
  /// - Returns: the seconds since each was pressed.
  func takeDelays(_ count: Int) -> [Double] {
    let now = ContinuousClock.now
    return pressed.withLock { pressed in
      defer { pressed.removeFirst(min(count, pressed.count)) }
      return pressed.prefix(count).map { (now - $0).inSeconds }
    }
  }

  /// Runs on a thread of its own until the program's descriptor is closed.
  private func drain() {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = read(screen, &buffer, buffer.count), count > 0 { bytes.add(count, ordering: .relaxed) }
    close(screen)
  }
}
