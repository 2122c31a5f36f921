import CLinux
import Glibc

/// Starts programs as children of this process. A child has no signal blocked or ignored, and no open descriptors but
/// its three standard streams.
package enum ChildProgram {
  /// The standard input, output and errors of a child.
  package enum Streams: Sendable {
    /// Descriptors of this process for each stream; the caller still has to close them. Nil stands for `/dev/null`.
    case descriptors(input: Int32?, output: Int32?, errors: Int32?)
    /// The path of a terminal for all three: the child leads a session of its own with this controlling terminal.
    case terminal(String)
  }

  /// Starts a program and returns while it runs. The caller must call ``wait(for:)`` for it, or a zombie process
  /// remains.
  /// - Parameters:
  ///   - program: a path, or a name to look up in this process's PATH, not in that of `environment`.
  ///   - arguments: without the program's name.
  ///   - environment: the complete environment; nothing is inherited.
  ///   - leadsGroup: whether the child leads a process group, so that one signal reaches all processes that it starts.
  ///     With ``Streams/terminal(_:)`` it always does.
  /// - Returns: the child's process ID.
  /// - Throws: ``SystemCallError`` when the program could not be started, such as ENOENT when there is none.
  package static func start(
    _ program: String,
    _ arguments: [String],
    environment: [String: String],
    streams: Streams,
    leadsGroup: Bool = false
  ) throws(SystemCallError) -> Int32 {
    let (descriptors, terminal): ([Int32], String?) =
      switch streams {
      case .descriptors(let input, let output, let errors): ([input ?? -1, output ?? -1, errors ?? -1], nil)
      case .terminal(let path): ([-1, -1, -1], path)
      }
    let processID = withCStrings([program] + arguments) { arguments in
      withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
        clinux_start(program, arguments, environment, descriptors, terminal, leadsGroup ? 1 : 0)
      }
    }
    guard processID > 0 else { throw SystemCallError("posix_spawn", errno) }
    return processID
  }

  /// Makes a pipe, whose two descriptors the caller must close. Children do not inherit them, except one that is passed
  /// as a stream.
  /// - Throws: ``SystemCallError`` when no more descriptors can be opened.
  package static func pipe() throws(SystemCallError) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else { throw SystemCallError("pipe2", errno) }
    return (ends[0], ends[1])
  }

  /// Blocks the thread until a child has ended, and releases its process ID.
  /// - Returns: its status as in wait(2): the exit status times 256, or the number of the signal that ended it (plus
  ///   128 if it dumped core). -1 when there is no such child, or when it was waited for before.
  @discardableResult
  package static func wait(for processID: Int32) -> Int32 {
    var status: Int32 = 0
    repeat {
      if waitpid(processID, &status, 0) == processID { return status }
    } while errno == EINTR
    return -1
  }

  private static func withCStrings(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Int32) -> Int32 {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}
