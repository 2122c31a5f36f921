import Basics
import Glibc

/// Redirects standard error to an unnamed file while the screen is shown, and writes the end of it to the terminal
/// afterwards.
struct CapturedErrors {
  /// The descriptor of a copy of the original standard error, which is a terminal.
  let terminal: Int32
  /// The descriptor of the file that standard error is written to; below 0 when no file could be created and the output
  /// is discarded.
  let file: Int32

  /// The most bytes that ``end()`` replays, from the end of the file.
  private static let limit: off_t = 1 << 16

  /// Redirects standard error of the process until ``end()``. Does nothing and returns nil when it is not a terminal,
  /// or cannot be copied.
  static func begin() -> CapturedErrors? {
    guard isatty(STDERR_FILENO) == 1 else { return nil }
    let terminal = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
    guard terminal >= 0 else { return nil }
    let file = unnamedFile()
    // Without a file it is discarded, because it would damage the screen.
    let target = file >= 0 ? file : open("/dev/null", O_WRONLY | O_CLOEXEC)
    dup2(target, STDERR_FILENO)
    if file < 0 { Glibc.close(target) }
    return CapturedErrors(terminal: terminal, file: file)
  }

  /// Restores standard error and writes the last 64 KiB of the captured output to it. Call it once, after the screen
  /// has been restored.
  func end() {
    dup2(terminal, STDERR_FILENO)
    Glibc.close(terminal)
    guard file >= 0 else { return }
    let length = max(0, lseek(file, 0, SEEK_END))
    var bytes = [UInt8](repeating: 0, count: Int(min(length, Self.limit)))
    let count = pread(file, &bytes, bytes.count, length - off_t(bytes.count))
    Glibc.close(file)
    bytes.prefix(max(0, count)).withUnsafeBytes {
      _ = writeAll($0, to: STDERR_FILENO, timeout: EscapeSequences.timeout)
    }
  }

  private static func unnamedFile() -> Int32 {
    let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(directory)/sluice-XXXXXX".utf8CString)
    let file = mkstemp(&template)
    guard file >= 0 else { return file }
    unlink(template)
    _ = fcntl(file, F_SETFD, FD_CLOEXEC)
    return file
  }
}
