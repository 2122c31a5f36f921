import Glibc
import UploadCore

/// What a process has taken up to now, as the kernel counts it (proc(5)).
struct ProcessUsage: Equatable {
  /// User and system time of all its threads, in seconds; exact to 0.01.
  var processorSeconds: Double
  /// Memory in bytes: now, and the most there has been.
  var resident: UInt64
  var peak: UInt64
  /// How many threads it has now.
  var threads: Int

  /// Nil when there is no such process.
  init?(processID: Int32) {
    self.init(
      stat: ProcFile.read("/proc/\(processID)/stat"),
      status: ProcFile.read("/proc/\(processID)/status"),
      ticksPerSecond: sysconf(Int32(_SC_CLK_TCK))
    )
  }

  /// - Parameters:
  ///   - stat: text of `/proc/PID/stat`.
  ///   - status: text of `/proc/PID/status`.
  init?(stat: String, status: String, ticksPerSecond: Int) {
    // The second field is the program's name in brackets, and may hold blanks and brackets itself.
    guard let nameEnd = stat.lastIndex(of: ")"), ticksPerSecond > 0 else { return nil }
    let fields = stat[stat.index(after: nameEnd)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
    let numbers = Self.numbers(status)
    guard let resident = numbers["VmRSS"], let peak = numbers["VmHWM"], let threads = numbers["Threads"] else {
      return nil
    }
    processorSeconds = (user + system) / Double(ticksPerSecond)
    self.resident = resident * 1024
    self.peak = peak * 1024
    self.threads = Int(clamping: threads)
  }

  private static func numbers(_ status: String) -> [String: UInt64] {
    var numbers: [String: UInt64] = [:]
    for line in status.split(separator: "\n") {
      let words = line.split { $0 == ":" || $0 == " " || $0 == "\t" }
      guard words.count > 1, let number = UInt64(words[1]) else { continue }
      numbers[String(words[0])] = number
    }
    return numbers
  }
}
