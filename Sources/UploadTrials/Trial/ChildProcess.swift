import Glibc
import UploadCore

/// A program that runs as a child: what it writes, its memory, its end. Killed when the last reference to it goes.
///
/// For one thread, which looks at it again and again; nothing here waits but ``pump(_:milliseconds:)``.
final class ChildProcess {
  let processID: Int32
  private(set) var exit: ChildExit?
  /// The most resident memory it has had, in bytes, as far as it is known.
  private(set) var peak: UInt64 = 0
  private var output: ChildPipe
  private var errors: ChildPipe
  /// The most this process had when the child began.
  private let ownPeak = ProcessMemory.current().peak
  private let onLine: (Line) -> Void

  enum Line {
    case output(String)
    case error(String)
  }

  /// - Parameters:
  ///   - program: a path, or a name to look up in PATH.
  ///   - onLine: called with each line it writes, while it is pumped.
  /// - Throws: the system's error number.
  init(
    _ program: String,
    _ arguments: [String],
    environment: [String: String],
    onLine: @escaping (Line) -> Void
  ) throws(SystemCallError) {
    let (output, errors) = (try ChildProgram.pipe(), try ChildProgram.pipe())
    defer {
      close(output.write)
      close(errors.write)
    }
    do throws(SystemCallError) {
      processID = try RunningChildren.all.start { () throws(SystemCallError) in
        try ChildProgram.start(
          program,
          arguments,
          environment: environment,
          streams: .descriptors(input: nil, output: output.write, errors: errors.write),
          leadsGroup: true
        )
      }
    } catch {
      close(output.read)
      close(errors.read)
      throw error
    }
    self.output = ChildPipe(descriptor: output.read)
    self.errors = ChildPipe(descriptor: errors.read)
    self.onLine = onLine
  }

  deinit {
    kill()
    output.close()
    errors.close()
  }

  /// Waits until one of the children has written something or closed a pipe, or the time is over; then takes what there is.
  static func pump(_ children: [ChildProcess], milliseconds: Int32) {
    var descriptors = children.flatMap { [$0.output, $0.errors] }.filter(\.isOpen).map {
      pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0)
    }
    poll(&descriptors, nfds_t(descriptors.count), milliseconds)
    for child in children { child.take() }
  }

  private func take() {
    for line in output.read() { onLine(.output(line)) }
    for line in errors.read() { onLine(.error(line)) }
  }

  /// Whether it has closed all that it writes to: it has ended, or is about to.
  var isSilent: Bool { !output.isOpen && !errors.isOpen }

  /// Its resident memory now, its children's included, in bytes; notes the peak.
  func sampleMemory() -> UInt64 {
    guard exit == nil else { return 0 }
    let resident = ProcessTree.resident(of: processID)
    let high = (ProcFile.kibibytes(of: "VmHWM", in: "/proc/\(processID)/status") ?? 0) * 1024
    peak = max(peak, resident, high)
    return resident
  }

  /// Reaps it if it has ended.
  /// - Returns: whether it has.
  func hasEnded() -> Bool {
    if exit == nil { reap(WNOHANG) }
    return exit != nil
  }

  /// Ends it and what it has started, and waits for its end.
  func kill() {
    guard exit == nil else { return }
    Glibc.kill(-processID, SIGKILL)
    while exit == nil { reap(0) }
  }

  private func reap(_ options: Int32) {
    var status: Int32 = 0
    var usage = rusage()
    let found = wait4(processID, &status, options, &usage)
    guard found != 0 else { return }
    if found < 0 {
      // It has been reaped elsewhere: its status is lost.
      if errno != EINTR {
        RunningChildren.all.remove(processID)
        exit = .status(1)
      }
      return
    }
    RunningChildren.all.remove(processID)
    exit = ChildExit(waitStatus: status)
    take()
    // The kernel's figure begins with what this process had when it was copied, so it says something only above that.
    let highest = UInt64(max(0, usage.ru_maxrss)) * 1024
    if highest > ownPeak || peak == 0 { peak = max(peak, highest) }
  }

}

/// How a child process ended.
enum ChildExit: Sendable, Equatable {
  case status(Int32)
  case signal(Int32)

  /// - Parameter waitStatus: as wait(2) lays it out: the signal in the lowest seven bits, else the status in the next byte.
  init(waitStatus: Int32) {
    self = waitStatus & 0x7F == 0 ? .status(waitStatus >> 8 & 0xFF) : .signal(waitStatus & 0x7F)
  }
}

/// The reading end of a child's output.
struct ChildPipe {
  private(set) var descriptor: Int32
  private var lines = LineBuffer()

  /// - Parameter descriptor: made non-blocking, and closed at end of file.
  init(descriptor: Int32) {
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  /// Whether there may be more to read.
  var isOpen: Bool { descriptor >= 0 }

  /// The lines that have arrived since the last call.
  mutating func read() -> [String] {
    guard isOpen else { return [] }
    return withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 16) { buffer in
      var found: [String] = []
      while true {
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if count > 0 {
          found += lines.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        } else if count < 0, errno == EINTR {
          continue
        } else {
          if count == 0 || errno != EAGAIN { close() }
          return found
        }
      }
    }
  }

  mutating func close() {
    if isOpen { Glibc.close(descriptor) }
    descriptor = -1
  }
}

/// Bytes of a pipe, cut into lines.
struct LineBuffer {
  /// No line of ours is longer; of a longer one the rest is dropped.
  private static let longest = 64 << 10

  private var unfinished: [UInt8] = []

  /// Adds bytes as they arrive.
  /// - Returns: the lines that end in them, without line ends; what is not UTF-8 is repaired.
  mutating func add(_ bytes: UnsafeRawBufferPointer) -> [String] {
    var lines: [String] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        lines.append(String(decoding: unfinished, as: UTF8.self))
        unfinished.removeAll(keepingCapacity: true)
      } else if unfinished.count < Self.longest {
        unfinished.append(byte)
      }
    }
    return lines
  }
}

/// A process and all it has started.
enum ProcessTree {
  /// Deeper than any client starts programs; bounds what a strange one could cost.
  private static let deepest = 8

  /// Resident memory of all of them together, in bytes, by `/proc`; pages that they share count in each.
  static func resident(of process: Int32) -> UInt64 {
    pages(of: "\(process)", depth: 0) * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
  }

  private static func pages(of process: String, depth: Int) -> UInt64 {
    let statm = ProcFile.read("/proc/\(process)/statm").split(separator: " ")
    let own = statm.dropFirst().first.flatMap { UInt64($0) } ?? 0
    guard depth < deepest else { return own }
    // A child belongs to the thread that started it.
    return DirectoryNames.read("/proc/\(process)/task").reduce(own) { sum, thread in
      let children = ProcFile.read("/proc/\(process)/task/\(thread)/children").split(separator: " ")
      return children.reduce(sum) { $0 &+ pages(of: String($1), depth: depth + 1) }
    }
  }
}
