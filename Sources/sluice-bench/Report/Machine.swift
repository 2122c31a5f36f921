import Glibc
import UploadCore
import UploadReport

/// The machine's shape: without it a number says little.
struct Machine: Equatable {
  /// Processors that this process may use.
  var cores: Int
  /// As the kernel names it; empty where it does not.
  var processor: String
  /// Memory in bytes.
  var memory: UInt64
  /// The kernel's release.
  var kernel: String

  static func current() -> Machine {
    let processor = ProcFile.read("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
    return Machine(
      cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)),
      processor: processor?.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? "",
      memory: (ProcFile.kibibytes(of: "MemTotal", in: "/proc/meminfo") ?? 0) * 1024,
      kernel: ProcFile.read("/proc/sys/kernel/osrelease").split(separator: "\n").first.map(String.init) ?? ""
    )
  }

  var description: String {
    let name = processor.isEmpty ? "" : " (\(processor))"
    return "\(cores) cores\(name), \(ByteSize.text(memory)), Linux \(kernel)"
  }

  var json: JSONValue {
    .object([
      ("cores", .integer(cores)),
      ("processor", .string(processor)),
      ("memory", .unsigned(memory)),
      ("kernel", .string(kernel)),
    ])
  }
}
