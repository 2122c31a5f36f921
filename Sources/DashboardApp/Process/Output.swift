import Basics
import CLinux
import Dashboard
import Glibc
import Synchronization

/// Writes to standard output and standard error without buffering, so that readers receive every line immediately.
/// Blocks while a reader does not read. Callable from any thread.
package enum Output {
  /// Whether output was lost: a write to standard output failed, and not because its reader closed the pipe (EPIPE).
  private static let hasFailed = Atomic<Bool>(false)

  /// Of the writes to standard output, except those of a block that is redrawn.
  package static let progress = OutputProgress()

  /// The most bytes that are written at once, unless an output line has more: small, so that the progress of a slow reader
  /// can be seen. As many as a write to a pipe keeps together (pipe(7), PIPE_BUF).
  private static let chunkSize = 4096

  /// Where output lines go while a block is redrawn below them; nil otherwise.
  private static let live = Mutex<LiveOutput?>(nil)

  /// From now on writes to `output` what is for standard output, and what is for standard error if that is the same
  /// terminal.
  package static func begin(_ output: LiveOutput) { live.withLock { $0 = output } }

  /// Clears the block of ``begin(_:)``, and from now on writes directly again. Waits at most for `timeout` for a terminal
  /// that accepts no output.
  package static func endLive(timeout: Duration = .seconds(1)) {
    live.withLock { output in
      defer { output = nil }
      return output
    }?.hide(timeout: timeout)
  }

  /// Does the same for an exit that waits for nothing: what the terminal does not accept is lost.
  package static func abandonLive() {
    let output = live.withLock { output in
      defer { output = nil }
      return output
    }
    guard let erasure = output?.erasure, !erasure.isEmpty else { return }
    var terminal = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
    if poll(&terminal, 1, 0) > 0, terminal.revents & Int16(POLLOUT) != 0 { writeAll(erasure, to: STDOUT_FILENO) }
  }

  /// Whether standard error is the terminal that standard output is.
  private static var errorsAreOutput: Bool {
    var (output, errors) = (stat(), stat())
    guard fstat(STDOUT_FILENO, &output) == 0, fstat(STDERR_FILENO, &errors) == 0 else { return false }
    return errors.st_mode & S_IFMT == S_IFCHR && output.st_rdev == errors.st_rdev
  }

  /// Writes text as it is and a line end to standard output; untrusted text must be sanitized before (``PlainText``).
  /// A reader that closed its end of the pipe (EPIPE) is not an error; every other failure is reported once on standard
  /// error, and turns the exit status 0 into 1 (``exitStatus(_:)``).
  package static func line(_ text: String) { raw(text + "\n") }

  /// Writes an output line to standard output after the time of day in the user's time zone:
  /// `18:39:10 listening on ...`.
  package static func timedLine(_ text: String) { line("\(timeOfDay) \(text)") }

  /// The time of day in the user's time zone, as output lines begin with it: `18:39:10`.
  static var timeOfDay: String { ClockTime.now.text }

  /// Writes text as it is to standard output, with the rules of ``line(_:)``.
  package static func raw(_ text: String) {
    if let output = live.withLock({ $0 }) { return output.write(text) }
    for chunk in chunks(of: text) {
      progress.begin()
      let error = writeAll(String(Substring(chunk)), to: STDOUT_FILENO) ? 0 : errno
      progress.end()
      guard error != 0 else { continue }
      guard let message = failureMessage(error) else { return }
      if !hasFailed.exchange(true, ordering: .acquiringAndReleasing) { errorLine(message) }
      return
    }
  }

  /// The text in chunks of complete output lines and at most 4 KiB; a longer output line is one chunk.
  static func chunks(of text: String) -> some Sequence<Substring.UTF8View> {
    var rest = text.utf8[...]
    return AnyIterator {
      guard !rest.isEmpty else { return nil }
      let end = UInt8(ascii: "\n")
      let last = rest.prefix(chunkSize).lastIndex(of: end) ?? rest.firstIndex(of: end)
      let chunk = last.map { rest[...$0] } ?? rest
      rest = rest[chunk.endIndex...]
      return chunk
    }
  }

  /// The message for a failed write to standard output; nil for EPIPE.
  /// - Parameter code: the `errno` of the write.
  static func failureMessage(_ code: CInt) -> String? {
    guard code != EPIPE else { return nil }
    return "sluice: Cannot write to standard output: \(String(cString: strerror(code))). "
      + "The output is incomplete. Free some space, or redirect it elsewhere."
  }

  /// The exit status of a command that returned `status`: 1 instead of 0 when some of its output was lost. Call it
  /// last.
  package static func exitStatus(_ status: Int32) -> Int32 {
    status == 0 && hasFailed.load(ordering: .acquiring) ? 1 : status
  }

  /// Writes text as it is and a line end to standard error; a failure to do so is ignored. Untrusted text must be
  /// sanitized before (``PlainText``).
  package static func errorLine(_ text: String) {
    if let output = live.withLock({ $0 }), errorsAreOutput { return output.write(text + "\n") }
    writeAll(text + "\n", to: STDERR_FILENO)
  }

  /// Columns of the terminal on standard output now, 80 where it does not know them; nil when it is not a terminal.
  package static var columns: Int? { size?.columns }

  /// Rows of the terminal on standard output now, 24 where it does not know them; nil when it is not a terminal.
  package static var rows: Int? { size?.rows }

  private static var size: (columns: Int, rows: Int)? {
    guard isatty(STDOUT_FILENO) == 1 else { return nil }
    var (columns, rows): (Int32, Int32) = (0, 0)
    clinux_terminal_size(STDOUT_FILENO, &columns, &rows)
    return (columns > 0 ? Int(columns) : 80, rows > 0 ? Int(rows) : 24)
  }

  /// Whether text on standard output can be redrawn: it is a terminal, and `TERM` is neither unset, empty nor `dumb`.
  package static func canRedraw(_ environment: [String: String]) -> Bool {
    columns != nil && !["", "dumb"].contains(environment["TERM"] ?? "")
  }

  /// Whether the locale's characters are UTF-8, by `LC_ALL`, `LC_CTYPE` or `LANG`, the first that is not empty.
  package static func isUnicode(_ environment: [String: String]) -> Bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"]
    let locale = names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    return ["utf-8", "utf8"].contains { locale.lowercased().contains($0) }
  }
}

extension ClockTime {
  /// The time of day in the user's time zone.
  static var now: ClockTime {
    var seconds = time(nil)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return ClockTime(hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec))
  }
}
