import ArgumentParser
import Foundation
import Glibc
import UploadCore
import UploadStorage

/// A `sluice serve` in a process of its own, as a user starts it.
final class ServerProcess: Sendable {
  /// What `serve --json` says first.
  private struct Listening: Decodable {
    var url: String
  }

  /// Where it listens on 127.0.0.1.
  let port: UInt16
  private let processID: Int32

  /// Starts it and waits until it listens.
  /// - Parameters:
  ///   - executable: path of the program.
  ///   - directory: where uploads end up.
  ///   - options: more options for `serve`.
  /// - Throws: ``UploadError`` with code `cannotListen`.
  init(_ executable: String, directory: String, options: [String] = []) throws {
    let output = try ChildProgram.pipe()
    let lines = FileHandle(fileDescriptor: output.read, closeOnDealloc: true)
    do {
      defer { close(output.write) }
      processID = try ChildProgram.start(
        URL(filePath: executable).path,
        ["serve", "--json", "--port", "0", "--dir", directory] + options,
        environment: Self.environment,
        streams: .descriptors(input: nil, output: output.write, errors: STDERR_FILENO),
        leadsGroup: true
      )
    } catch {
      let advice =
        "build it with swift build -c release --static-swift-stdlib --product sluice, or name another with "
        + "--sluice."
      throw UploadError(.cannotListen, "\(executable) cannot be run; \(advice)", cause: error)
    }
    guard let listening = try? JSONDecoder().decode(Listening.self, from: Self.firstLine(of: lines)),
      let port = listening.url.split(separator: ":").last.flatMap({ UInt16($0) })
    else {
      Self.end(processID)
      throw UploadError(.cannotListen, "\(executable) does not say where it listens.")
    }
    self.port = port
    // Its lines are of no use here, but a full pipe would hold it up.
    Thread.detachNewThread { while !lines.availableData.isEmpty {} }
  }

  /// Ends it and waits for its end. At once, since what it has stored goes as well, and it would wait for uploads.
  func stop() {
    Self.end(processID)
  }

  private static func end(_ processID: Int32) {
    kill(processID, SIGKILL)
    ChildProgram.wait(for: processID)
  }

  private static func firstLine(of lines: FileHandle) -> Data {
    var text = Data()
    while !text.contains(UInt8(ascii: "\n")) {
      let more = lines.availableData
      if more.isEmpty { break }
      text += more
    }
    return text.prefix { $0 != UInt8(ascii: "\n") }
  }

  /// What it has taken so far.
  /// - Throws: ``UploadError`` with code `internalFailure` when it has ended.
  func usage() throws(UploadError) -> ProcessUsage {
    guard let usage = ProcessUsage(processID: processID) else {
      throw UploadError(.internalFailure, "The server has ended while it was measured; its errors are above.")
    }
    return usage
  }

  /// This program's own, without what would change the server that is measured.
  private static var environment: [String: String] {
    ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") }
  }

  /// The program beside this one.
  static var besideThisOne: String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "sluice-bench"
    return URL(filePath: own).deletingLastPathComponent().appending(path: "sluice").path
  }
}

extension Durability: ExpressibleByArgument {}

/// Options of every benchmark that starts a server.
struct ServerOptions: ParsableArguments {
  /// Where every measurement makes a directory of its own.
  @Option(help: "On the disk to be measured.")
  var dir = "."
  @Option(help: "What the server syncs before it responds.")
  var durability = Durability.full
  @Option(help: "The server's program. (default: the one beside this)")
  var sluice: String?

  /// For the report.
  var note: String { "The server ran with --durability \(durability.rawValue)." }

  /// Starts a server on a fresh directory, hands it to `body`, ends it, and removes what it stored.
  func withServer<Result>(_ body: (ServerProcess) throws -> Result) throws -> Result {
    try Workspace.use(in: dir) { path in
      let options = ["--durability", durability.rawValue]
      let server = try ServerProcess(sluice ?? ServerProcess.besideThisOne, directory: path, options: options)
      return try Interrupt.guarded(undo: { server.stop() }) { try body(server) }
    }
  }
}

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
    guard let resident = ProcFile.kibibytes(of: "VmRSS", inText: status),
      let peak = ProcFile.kibibytes(of: "VmHWM", inText: status),
      let threads = ProcFile.kibibytes(of: "Threads", inText: status)
    else { return nil }
    processorSeconds = (user + system) / Double(ticksPerSecond)
    self.resident = resident * 1024
    self.peak = peak * 1024
    self.threads = Int(clamping: threads)
  }
}
