import Glibc
import UploadCore

/// The paste buffer of the tmux that this process runs in.
///
/// A terminal's own sequence for the clipboard (OSC 52) does not pass tmux: with its default `set-clipboard external`
/// it ignores the sequence of programs, without an error. `tmux load-buffer` always works and reports failures.
struct TmuxClipboard: Sendable {
  /// How long tmux may take; then it is killed.
  private static let timeout = Duration.seconds(2)

  private let program: String
  /// The variables of the child: only those that it needs.
  private let environment: [String: String]

  /// - Parameters:
  ///   - environment: of this process.
  ///   - program: a path, or a name to look up in PATH.
  /// - Returns: nil outside of tmux: `environment` has no `TMUX`, or an empty one.
  init?(_ environment: [String: String], program: String = "tmux") {
    guard let tmux = environment["TMUX"], !tmux.isEmpty else { return nil }
    self.program = program
    self.environment = ["TMUX": tmux, "PATH": environment["PATH"] ?? ""]
  }

  /// Loads `text` into a new buffer; tmux 3.2 and later also passes it to the clipboard of the outer terminal, if that
  /// supports it. Blocks until tmux has ended, at most for a few seconds, so call it on a thread that can wait.
  /// - Returns: whether tmux accepted it; false also when there is no such program.
  func copy(_ text: String) -> Bool {
    switch run(["load-buffer", "-w", "-"], input: text) {
    case .succeeded: true
    // An older tmux does not know the option.
    case .failed: run(["load-buffer", "-"], input: text) == .succeeded
    case .unusable: false
    }
  }

  private enum Result {
    case succeeded
    /// It ended with another status than 0.
    case failed
    /// It could not be started, or took too long.
    case unusable
  }

  /// Runs the program with a text on its standard input: arguments can be read by other users, and the text may contain
  /// a token.
  private func run(_ arguments: [String], input text: String) -> Result {
    guard let input = try? ChildProgram.pipe() else { return .unusable }
    defer { close(input.read) }
    let child: Int32
    do {
      // The pipe buffers the whole text before the program reads it, so that no write blocks.
      defer { close(input.write) }
      guard fcntl(input.write, F_SETFL, O_NONBLOCK) == 0, write(text, to: input.write) else { return .unusable }
      let streams = ChildProgram.Streams.descriptors(input: input.read, output: nil, errors: nil)
      guard let id = try? ChildProgram.start(program, arguments, environment: environment, streams: streams) else {
        return .unusable
      }
      child = id
    }
    let deadline = ContinuousClock.now + Self.timeout
    var status: Int32 = 0
    while true {
      switch waitpid(child, &status, WNOHANG) {
      case child: return status == 0 ? .succeeded : .failed
      case 0 where ContinuousClock.now < deadline: poll(nil, 0, 5)
      case -1 where errno == EINTR: continue
      case 0:
        kill(child, SIGKILL)
        ChildProgram.wait(for: child)
        return .unusable
      case _: return .unusable
      }
    }
  }

  private func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) == $0.count }
  }
}
