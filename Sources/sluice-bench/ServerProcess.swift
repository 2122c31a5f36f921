import ArgumentParser
import Foundation
import Glibc
import UploadCore
import UploadStorage

/// A `sluice serve` in a process of its own.
final class ServerProcess: Sendable {
  /// The first event of `serve --json`.
  private struct Listening: Decodable { var url: String }

  /// The port that it listens on, at 127.0.0.1.
  let port: UInt16
  private let processID: Int32

  /// Starts the program and blocks until it listens. Its environment has no variables that set options. The caller must
  /// ``stop()`` it.
  /// - Parameters:
  ///   - executable: path of the program.
  ///   - directory: the upload directory.
  ///   - durability: what it syncs before it responds.
  ///   - options: further options.
  /// - Throws: ``UploadError`` with code `cannotListen`; ``SystemCallError`` when no pipe can be opened.
  init(_ executable: String, directory: String, durability: Durability, options: [String]) throws {
    let output = try ChildProgram.pipe()
    let events = FileHandle(fileDescriptor: output.read, closeOnDealloc: true)
    do {
      defer { close(output.write) }
      processID = try ChildProgram.start(
        URL(filePath: executable).path,
        ["serve", "--json", "--port", "0", "--dir", directory, "--durability", durability.rawValue] + options,
        environment: ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") },
        streams: .descriptors(input: nil, output: output.write, errors: STDERR_FILENO),
        leadsGroup: true
      )
    } catch {
      let advice = "Build it with swift build -c release --product sluice, or name another program with --sluice."
      throw UploadError(.cannotListen, "Cannot run \(executable). \(advice)", cause: error)
    }
    let listening = try? JSONDecoder().decode(Listening.self, from: Self.firstLine(of: events))
    port = listening?.url.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
    guard port > 0 else {
      stop()
      throw UploadError(.cannotListen, "\(executable) did not report the address that it listens on.")
    }
    // Further events are discarded; a full pipe would block the server.
    Thread.detachNewThread { while !events.availableData.isEmpty {} }
  }

  /// Kills the server and waits for its end; call it once. A graceful shutdown would wait for uploads whose files are
  /// removed anyway.
  func stop() {
    kill(processID, SIGKILL)
    ChildProgram.wait(for: processID)
  }

  private static func firstLine(of events: FileHandle) -> Data {
    let lineFeed = UInt8(ascii: "\n")
    var text = Data()
    while !text.contains(lineFeed), case let more = events.availableData, !more.isEmpty { text += more }
    return text.prefix { $0 != lineFeed }
  }

  /// The resources that the server uses now.
  /// - Throws: ``UploadError`` with code `internalFailure` when it has ended.
  func usage() throws(UploadError) -> ProcessUsage {
    guard let usage = ProcessUsage(processID: processID) else {
      throw UploadError(.internalFailure, "The server ended while it was measured. See its errors above.")
    }
    return usage
  }

  /// Path of `sluice` in the folder of this program; whether it exists is not checked.
  static var besideThisOne: String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "sluice-bench"
    return URL(filePath: own).deletingLastPathComponent().appending(path: "sluice").path
  }
}

extension Durability: ExpressibleByArgument {}

/// Options of benchmarks that start a server.
struct ServerOptions: ParsableArguments {
  /// Every measurement makes a directory of its own in it.
  @Option(help: "Directory on the disk to measure.")
  var dir = "."
  @Option(help: "What the server syncs before it responds.")
  var durability = Durability.full
  @Option(help: "Path of sluice. (default: the one beside sluice-bench)")
  var sluice: String?

  /// A sentence about these options for the report's notes.
  var note: String { "The server ran with --durability \(durability.rawValue)." }

  /// Starts a server on an empty directory, passes it to `body` once it listens, kills it, and removes the directory,
  /// even when `body` throws or the program is interrupted.
  /// - Parameter options: further options of the server.
  /// - Throws: ``UploadError`` with code `badDirectory`, an error of ``ServerProcess``'s initializer, or what `body`
  ///   throws.
  func withServer<Result>(options: [String] = [], _ body: (ServerProcess) throws -> Result) throws -> Result {
    try Workspace.use(in: dir) { path in
      let program = sluice ?? ServerProcess.besideThisOne
      let server = try ServerProcess(program, directory: path, durability: durability, options: options)
      return try Interrupt.guarded(undo: { server.stop() }) { try body(server) }
    }
  }
}

/// The resources that a process uses, as the kernel counts them (proc(5)).
struct ProcessUsage {
  /// User and system time of all its threads since its start, in seconds, with a resolution of 0.01.
  var processorSeconds: Double
  /// Resident memory now, in bytes.
  var resident: UInt64
  /// The largest resident memory so far, in bytes.
  var peak: UInt64
  /// Number of threads now.
  var threads: Int

  /// Reads the usage of a process now; nil when it has ended, or never existed.
  init?(processID: Int32) {
    self.init(
      stat: ProcFile.read("/proc/\(processID)/stat"),
      status: ProcFile.read("/proc/\(processID)/status"),
      ticksPerSecond: sysconf(Int32(_SC_CLK_TCK))
    )
  }

  /// Reads the usage from the kernel's texts; nil when they are truncated or malformed.
  /// - Parameters:
  ///   - stat: text of `/proc/PID/stat`.
  ///   - status: text of `/proc/PID/status`.
  ///   - ticksPerSecond: how many of the units in which `stat` counts time a second has (`_SC_CLK_TCK`).
  init?(stat: String, status: String, ticksPerSecond: Int) {
    // The second field is the program's name in brackets, which may contain blanks and brackets.
    guard let nameEnd = stat.lastIndex(of: ")"), ticksPerSecond > 0 else { return nil }
    let fields = stat[stat.index(after: nameEnd)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]),
      let resident = ProcFile.kibibytes(of: "VmRSS", inText: status),
      let peak = ProcFile.kibibytes(of: "VmHWM", inText: status),
      let threads = ProcFile.kibibytes(of: "Threads", inText: status)
    else { return nil }
    processorSeconds = (user + system) / Double(ticksPerSecond)
    self.resident = resident * 1024
    self.peak = peak * 1024
    self.threads = Int(clamping: threads)
  }
}
