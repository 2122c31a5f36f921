import CLinux
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
    var (output, errors): (Int32, Int32) = (-1, -1)
    let environment = environment.map { "\($0.key)=\($0.value)" }
    processID = try RunningChildren.all.start {
      Self.withCStrings([program] + arguments) { arguments in
        Self.withCStrings(environment) { clinux_spawn(program, arguments, $0, &output, &errors) }
      }
    }
    self.output = ChildPipe(descriptor: output)
    self.errors = ChildPipe(descriptor: errors)
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

  /// Notes its end when it has come.
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
      // Somebody else has waited for it: nothing is to be learned any more.
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

  private static func withCStrings<Result>(
    _ strings: [String],
    _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}
