import Glibc
import Synchronization
import UploadCore

/// A program that runs as a child process: its output, its memory, its exit. Killed when the last reference is released.
///
/// For one thread, which polls it; only ``pump(_:milliseconds:)``, ``pump(atMost:while:)`` and ``kill()`` wait.
final class ChildProcess {
  let processID: Int32
  /// How it has ended; nil until ``hasEnded()`` or ``kill()`` has noticed that.
  private(set) var exit: ChildExit?
  /// The most resident memory that ``sampleMemory()`` has found, in bytes. Once its end is noticed, the kernel's figure
  /// if that is higher, and too high to be that of this process.
  private(set) var peak: UInt64 = 0
  private let output: ChildPipe
  private let errors: ChildPipe
  /// The peak of this process when the child began, in bytes.
  private let ownPeak = ProcessMemory.current().peak
  private let onLine: (_ line: String, _ isError: Bool) -> Void

  /// Starts the program, as the leader of a process group of its own.
  /// - Parameters:
  ///   - program: a path, or a name to look up in PATH.
  ///   - environment: all variables of the child; none is inherited.
  ///   - onLine: called with each output line without its line end, and whether the child wrote it to standard error. It is
  ///     called by ``pump(_:milliseconds:)`` and when the child's end is noticed, on the thread that does that.
  /// - Throws: the error of the system call, such as ENOENT.
  init(
    _ program: String,
    _ arguments: [String],
    environment: [String: String],
    onLine: @escaping (_ line: String, _ isError: Bool) -> Void
  ) throws(SystemCallError) {
    let (output, errors) = (try ChildProgram.pipe(), try ChildProgram.pipe())
    defer {
      close(output.write)
      close(errors.write)
    }
    self.output = ChildPipe(descriptor: output.read)
    self.errors = ChildPipe(descriptor: errors.read)
    self.onLine = onLine
    processID = try RunningChildren.all.start { () throws(SystemCallError) in
      try ChildProgram.start(
        program,
        arguments,
        environment: environment,
        streams: .descriptors(input: nil, output: output.write, errors: errors.write),
        leadsGroup: true
      )
    }
  }

  deinit { kill() }

  /// Waits until one of the children has written or closed a pipe, at most for `milliseconds`; then reads what all of them
  /// have written, and calls their `onLine`.
  static func pump(_ children: [ChildProcess], milliseconds: Int32) {
    var descriptors = children.flatMap { [$0.output, $0.errors] }.filter(\.isOpen).map {
      pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0)
    }
    poll(&descriptors, nfds_t(descriptors.count), milliseconds)
    for child in children { child.readLines() }
  }

  /// Waits and reads its output until `condition` is false, it has ended, or `patience` is over. `condition` is tested at
  /// least every 20 ms.
  func pump(atMost patience: Duration, while condition: () -> Bool) {
    let deadline = ContinuousClock.now + patience
    while condition(), !hasEnded(), ContinuousClock.now < deadline { Self.pump([self], milliseconds: 20) }
  }

  private func readLines() {
    for line in output.read() { onLine(line, false) }
    for line in errors.read() { onLine(line, true) }
  }

  /// Whether the output and error streams have been read to their end: it has ended or is about to, unless it has only
  /// closed them.
  var hasClosedPipes: Bool { !output.isOpen && !errors.isOpen }

  /// Its resident memory now, including that of its descendants, in bytes; updates ``peak``. 0 once it has ended.
  func sampleMemory() -> UInt64 {
    guard exit == nil else { return 0 }
    let resident = ProcessTree.pages(of: "\(processID)") &* UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
    let high = (ProcFile.kibibytes(of: "VmHWM", in: "/proc/\(processID)/status") ?? 0) * 1024
    peak = max(peak, resident, high)
    return resident
  }

  /// Reaps it, reads the rest of its output and sets ``exit`` if it has ended; does not wait.
  /// - Returns: whether it has ended.
  func hasEnded() -> Bool {
    if exit == nil { reap(WNOHANG) }
    return exit != nil
  }

  /// Kills it and the processes of its group, and waits for its end; does nothing once ``exit`` is set.
  func kill() {
    guard exit == nil else { return }
    Glibc.kill(-processID, SIGKILL)
    while exit == nil { reap(0) }
  }

  private func reap(_ options: Int32) {
    var status: Int32 = 0
    var usage = rusage()
    let found = wait4(processID, &status, options, &usage)
    guard found != 0, found > 0 || errno != EINTR else { return }
    RunningChildren.all.remove(processID)
    // It has been reaped elsewhere: its status is lost.
    guard found > 0 else {
      exit = .status(1)
      return
    }
    exit = ChildExit(waitStatus: status)
    readLines()
    // The kernel's figure starts with the peak of this process, of which the child is a copy: only a higher one is its own.
    let highest = UInt64(max(0, usage.ru_maxrss)) * 1024
    if highest > ownPeak || peak == 0 { peak = max(peak, highest) }
  }
}

/// How a child process has ended: by itself with an exit status, or by a signal with this number.
enum ChildExit: Sendable, Equatable {
  case status(Int32)
  case signal(Int32)

  /// - Parameter waitStatus: as wait(2) lays it out: the signal in the lowest seven bits, else the status in the next byte.
  init(waitStatus: Int32) {
    self = waitStatus & 0x7F == 0 ? .status(waitStatus >> 8 & 0xFF) : .signal(waitStatus & 0x7F)
  }
}

/// The reading end of a child's output. It is closed at end of file, or when the last reference is released.
final class ChildPipe {
  private(set) var descriptor: Int32
  private var lines = LineBuffer()

  /// - Parameter descriptor: made non-blocking, and closed by this object.
  init(descriptor: Int32) {
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  deinit { close() }

  /// Whether there may be more to read.
  var isOpen: Bool { descriptor >= 0 }

  /// The text lines whose ends have arrived since the last call, without line ends; does not wait.
  func read() -> [String] {
    guard isOpen else { return [] }
    return withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 16) { buffer in
      var found: [String] = []
      while true {
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if count < 0, errno == EINTR { continue }
        if count == 0 || count < 0 && errno != EAGAIN { close() }
        guard count > 0 else { return found }
        found += lines.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
    }
  }

  /// Closes the descriptor unless it is closed already.
  private func close() {
    if isOpen { Glibc.close(descriptor) }
    descriptor = -1
  }
}

/// Splits the bytes of a pipe into text lines.
struct LineBuffer {
  /// The most bytes of a text line; the rest of a longer one is dropped. Sluice writes none as long.
  private static let longest = 64 << 10

  private var unfinished: [UInt8] = []

  /// Adds the next bytes of the pipe.
  /// - Returns: the text lines that end in them, without line ends and cut to 64 KiB each; invalid UTF-8 is repaired. A
  ///   text line without its end is kept for the next call.
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

/// A process and its descendants.
enum ProcessTree {
  /// The most generations that are counted. No client starts as many; it bounds the time for one that does.
  private static let deepest = 8

  /// Resident pages of the process and of eight generations of descendants together, by `/proc`; shared pages count in
  /// each.
  /// - Parameters:
  ///   - process: its process ID in decimal; 0 is returned when it has ended.
  ///   - depth: for the recursion alone.
  static func pages(of process: String, depth: Int = 0) -> UInt64 {
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

/// The running children, for a forced exit, which has no time to end them one by one.
final class RunningChildren: Sendable {
  /// Those of this process.
  static let all = RunningChildren()

  /// How long to wait for killed processes to end. It takes far less, unless a disk does not respond.
  private static let patience = Duration.seconds(2)

  /// Process IDs; nil once no more may start.
  private let processes = Mutex<Set<Int32>?>([])

  /// Starts a child, and lists it until ``remove(_:)``.
  /// - Parameter spawn: starts it as the leader of a process group, and returns its process ID.
  /// - Throws: the error of `spawn`; ECANCELED after ``killAll()``.
  func start(_ spawn: () throws(SystemCallError) -> Int32) throws(SystemCallError) -> Int32 {
    try processes.withLock { processes throws(SystemCallError) in
      guard processes != nil else { throw SystemCallError("posix_spawn", ECANCELED) }
      let process = try spawn()
      processes?.insert(process)
      return process
    }
  }

  /// Call it as soon as a child was reaped: the system may give its process ID to another process.
  func remove(_ process: Int32) {
    processes.withLock { _ = $0?.remove(process) }
  }

  /// Kills all children and their process groups, and waits until the children have ended, at most 2 s; no other can start
  /// after that. Does not reap them.
  func killAll() {
    let killed = processes.withLock { processes in
      defer { processes = nil }
      return processes ?? []
    }
    for process in killed { kill(-process, SIGKILL) }
    let deadline = ContinuousClock.now + Self.patience
    for process in killed {
      while isRunning(process), ContinuousClock.now < deadline { usleep(1000) }
    }
  }

  /// Does not reap the child, which is left to its owner.
  private func isRunning(_ process: Int32) -> Bool {
    var info = siginfo_t()
    return waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == 0
  }
}
