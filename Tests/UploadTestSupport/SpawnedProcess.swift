import Glibc
import UploadCore

/// A child process with three pipes. Foundation's `Process` loses output and exit statuses when several are started at
/// once.
struct SpawnedProcess: Sendable {
  let processID: Int32
  /// Our ends of the pipes, which the caller closes.
  let input: Int32
  let output: Int32
  let errors: Int32

  /// Starts a program.
  /// - Parameters:
  ///   - program: a path, or a name to look up in PATH.
  ///   - environment: the complete environment; nothing is inherited.
  /// - Throws: ``SystemCallError`` when it cannot be started.
  static func start(_ program: String, _ arguments: [String], environment: [String: String]) throws -> SpawnedProcess {
    let pipes = try (0..<3).map { _ in try ChildProgram.pipe() }
    let (input, output, errors) = (pipes[0], pipes[1], pipes[2])
    defer { for descriptor in [input.read, output.write, errors.write] { close(descriptor) } }
    do {
      let processID = try ChildProgram.start(
        program,
        arguments,
        environment: environment,
        streams: .descriptors(input: input.read, output: output.write, errors: errors.write)
      )
      return SpawnedProcess(processID: processID, input: input.write, output: output.read, errors: errors.read)
    } catch {
      for descriptor in [input.write, output.read, errors.read] { close(descriptor) }
      throw error
    }
  }

  /// Reads a pipe to its end or to an error, and closes it. Blocks; calls `take` with each chunk.
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

  /// Waits for the end of a child. Blocks; call it once for each.
  static func wait(for processID: Int32) -> ProcessRunner.Exit {
    let status = ChildProgram.wait(for: processID)
    // The layout of wait(2): the signal in the lowest seven bits, else the status in the next byte.
    return status & 0x7F == 0 ? .status(status >> 8 & 0xFF) : .signal(status & 0x7F)
  }
}
