import Basics
import CLinux
import Glibc
import NIOPosix
import Synchronization

/// Output lines on a terminal, and below them a block of progress lines that is redrawn in place.
///
/// Nothing here blocks: a thread of its own writes, so that a terminal that accepts no output (Ctrl-S, a slow
/// connection) does not delay anything else. Meanwhile only the latest block is kept, and of the output lines at most 1 MiB.
/// Nothing is written unless something has changed.
///
/// The cursor rests at the start of the block. Wherever the terminal moves the block when its size changes, the
/// cursor moves with its first row; so clearing from the cursor on clears the block and nothing else. Only rows
/// that a terminal moves into its history while it breaks the block for a smaller width remain there.
///
/// A process in the background of its terminal draws no block: it would be drawn over what the user types.
package final class LiveOutput: Sendable {
  private struct State {
    /// Complete output lines that are to be written above the block.
    var lines = ""
    /// How many output lines were left out because there were too many.
    var omitted = 0
    /// The block as it is to be drawn.
    var block: [String] = []
    /// The block as it is drawn.
    var drawn: [String] = []
    /// Whether no block is drawn whatever ``block`` is.
    var isHidden = false
    var isWriting = false
  }

  /// The most bytes of ``State/lines``.
  private static let limit = 1 << 20

  private let state = Mutex(State())
  /// Started with the first write: by then the main thread has blocked the signals that it reads, SIGTSTP among them, and
  /// the writer's thread inherits that.
  private let writer = NIOThreadPool(numberOfThreads: 1)
  /// Readable since the writer had nothing left to write.
  private let idle = clinux_event_descriptor()
  private let send: @Sendable (String) -> Void
  private let isInForeground: @Sendable () -> Bool

  /// - Parameters:
  ///   - write: writes text to the terminal; may block.
  ///   - isInForeground: whether the terminal's input goes to this process.
  init(
    write: @escaping @Sendable (String) -> Void,
    isInForeground: @escaping @Sendable () -> Bool
  ) {
    (send, self.isInForeground) = (write, isInForeground)
  }

  deinit { close(idle) }

  /// Output on standard output, a terminal.
  package convenience init() {
    self.init(
      write: { writeAll($0, to: STDOUT_FILENO) },
      // Another terminal than that of the session has no foreground.
      isInForeground: { [-1, getpgrp()].contains(tcgetpgrp(STDOUT_FILENO)) }
    )
  }

  /// Writes complete output lines above the block.
  func write(_ lines: String) { show(lines, nil) }

  /// Writes complete output lines above the block, and replaces the block.
  /// - Parameter block: safe to show, without line ends, and narrower than the terminal; nil to keep the present one.
  func show(_ lines: String, _ block: [String]?) {
    change { state in
      if state.lines.utf8.count + lines.utf8.count <= Self.limit {
        state.lines += lines
      } else {
        state.omitted += lines.utf8.count { $0 == UInt8(ascii: "\n") }
      }
      if let block { state.block = block }
    }
  }

  /// Clears the block, and waits until that is written, at most for `timeout`; it is drawn again by ``reveal()``.
  func hide(timeout: Duration) {
    change { $0.isHidden = true }
    let deadline = ContinuousClock.now + timeout
    while state.withLock({ $0.isWriting }), .now < deadline {
      waitUntilReadable(idle, until: deadline)
      clinux_clear_event(idle)
    }
  }

  /// Draws the block again. The terminal may show anything else now.
  func reveal() {
    change { state in
      state.isHidden = false
      state.drawn = []
    }
  }

  /// Clears the block, suspends the process as Ctrl-Z does, and draws it again once the process is continued. Returns at
  /// once where no shell could continue it (an orphaned process group, setpgid(2)).
  package func suspend() {
    hide(timeout: .milliseconds(500))
    clinux_stop_process()
    reveal()
  }

  /// What clears the block, for an exit that waits for nothing; empty when none is drawn.
  var erasure: String { state.withLock { $0.drawn.isEmpty ? "" : Self.clear } }

  // MARK: Writing

  private func change(_ body: (inout State) -> Void) {
    let isForeground = isInForeground()
    let begins = state.withLock { state in
      body(&state)
      guard !state.isWriting, Self.isDue(state, isForeground) else { return false }
      state.isWriting = true
      return true
    }
    guard begins else { return }
    writer.start()
    writer.submit { [self] _ in drain() }
  }

  private func drain() {
    while let text = next() { send(text) }
    clinux_raise_event(idle)
  }

  /// The text to write next; nil when there is none.
  private func next() -> String? {
    let isForeground = isInForeground()
    return state.withLock { state in
      guard Self.isDue(state, isForeground) else {
        state.isWriting = false
        return nil
      }
      let block = Self.block(state, isForeground)
      if state.omitted > 0 {
        state.lines += "(\(state.omitted) output lines left out: the terminal accepted no output)\n"
        state.omitted = 0
      }
      let text = Self.text(state.lines, over: state.drawn, block)
      (state.lines, state.drawn) = ("", block)
      return text
    }
  }

  private static func isDue(_ state: State, _ isForeground: Bool) -> Bool {
    !state.lines.isEmpty || state.omitted > 0 || block(state, isForeground) != state.drawn
  }

  private static func block(_ state: State, _ isForeground: Bool) -> [String] {
    state.isHidden || !isForeground ? [] : state.block
  }

  /// Moves to the first column and clears from there.
  private static let clear = "\r\u{1B}[J"

  /// What turns the block `drawn` into `lines` with `block` below them. The cursor is at the start of the block before
  /// and after it.
  static func text(_ lines: String, over drawn: [String], _ block: [String]) -> String {
    // A block that only changes is overwritten, since clearing it first would flicker.
    let keepsPlace = lines.isEmpty && !drawn.isEmpty && !block.isEmpty
    let start = drawn.isEmpty ? "" : keepsPlace ? "\r" : clear
    let rows = block.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + (keepsPlace ? "\u{1B}[J" : "")
    let end = block.count > 1 ? "\u{1B}[\(block.count - 1)A\r" : "\r"
    return start + lines + (block.isEmpty ? "" : rows + end)
  }
}
