import Foundation
import Glibc

/// A child process with three pipes, begun with `posix_spawn`: Foundation's `Process` loses ends and output when several
/// are started at once.
struct SpawnedProcess: Sendable {
  let processID: Int32
  /// Our ends of the pipes.
  let input: Int32
  let output: Int32
  let errors: Int32

  /// Held while pipes are made and handed over: between making one and marking it, another child would inherit it, and
  /// its reader would never see the end.
  private static let lock = NSLock()

  /// POSIX_SPAWN_SETSID, which Swift's Glibc module does not show: the child leads a session of its own (glibc 2.26).
  private static let newSession: Int32 = 0x80

  /// - Parameters:
  ///   - program: a path, or a name to look up in PATH.
  ///   - environment: all of it.
  static func start(_ program: String, _ arguments: [String], environment: [String: String]) throws -> SpawnedProcess {
    lock.lock()
    defer { lock.unlock() }
    let pipes = try (0..<3).map { _ in try makePipe() }
    let (input, output, errors) = (pipes[0], pipes[1], pipes[2])
    defer { for descriptor in [input.read, output.write, errors.write] { close(descriptor) } }
    do {
      let processID = try launch(program, arguments, environment: environment) { actions in
        posix_spawn_file_actions_adddup2(&actions, input.read, 0)
        posix_spawn_file_actions_adddup2(&actions, output.write, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.write, 2)
      }
      return SpawnedProcess(processID: processID, input: input.write, output: output.read, errors: errors.read)
    } catch {
      for descriptor in [input.write, output.read, errors.read] { close(descriptor) }
      throw error
    }
  }

  /// Starts a child on a terminal, which sends it signals and is all three of its streams.
  /// - Parameter terminal: the path of the terminal; nobody's yet.
  /// - Returns: the child's number.
  static func start(
    _ program: String,
    _ arguments: [String],
    environment: [String: String],
    terminal: String
  ) throws -> Int32 {
    lock.lock()
    defer { lock.unlock() }
    return try launch(program, arguments, environment: environment, flags: newSession) { actions in
      // The first terminal that the leader of a session opens is the session's.
      posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
      posix_spawn_file_actions_adddup2(&actions, 0, 1)
      posix_spawn_file_actions_adddup2(&actions, 0, 2)
    }
  }

  /// - Returns: the child's number.
  private static func launch(
    _ program: String,
    _ arguments: [String],
    environment: [String: String],
    flags: Int32 = 0,
    streams: (inout posix_spawn_file_actions_t) -> Void
  ) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    streams(&actions)
    // What the tests beside this one have open is none of the child's: it would count as the child's own.
    closeFrom(&actions, 3)
    var processID: Int32 = 0
    let error = withAttributes(flags) { attributes in
      withCStrings([program] + arguments) { arguments in
        withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
          posix_spawnp(&processID, program, &actions, attributes, arguments, environment)
        }
      }
    }
    guard error == 0 else { throw POSIXError(POSIXErrorCode(rawValue: error) ?? .ENOENT) }
    return processID
  }

  /// Has the child close all descriptors from `first` on. Swift's Glibc module does not show the call (glibc 2.34).
  private static func closeFrom(_ actions: inout posix_spawn_file_actions_t, _ first: Int32) {
    typealias Call = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return }
    _ = unsafeBitCast(symbol, to: Call.self)(&actions, first)
  }

  private static func makePipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EMFILE) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// The child starts with no signal blocked and none ignored, whatever the test's process does with them.
  private static func withAttributes(_ flags: Int32, _ body: (UnsafePointer<posix_spawnattr_t>) -> Int32) -> Int32 {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(Int32(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | flags))
    return body(&attributes)
  }

  private static func withCStrings(
    _ strings: [String],
    _ body: ([UnsafeMutablePointer<CChar>?]) -> Int32
  ) -> Int32 {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }

  /// Reads a pipe to its end, and closes it.
  static func read(_ descriptor: Int32, _ take: (UnsafeRawBufferPointer) -> Void) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
    defer {
      buffer.deallocate()
      close(descriptor)
    }
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count > 0 {
        take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      } else if count == 0 || errno != EINTR {
        return
      }
    }
  }

  /// Waits for the end of a child.
  static func wait(for processID: Int32) -> ProcessRunner.Exit {
    var status: Int32 = 0
    while waitpid(processID, &status, 0) < 0, errno == EINTR {}
    // The layout of wait(2): the signal in the lowest seven bits, else the status in the next byte.
    return status & 0x7F == 0 ? .status(status >> 8 & 0xFF) : .signal(status & 0x7F)
  }
}
