import Foundation
import UploadCore

/// A `sluice serve` in a process of its own, as a user starts it.
final class ServerProcess: Sendable {
  /// What `serve --json` says first.
  private struct Listening: Decodable {
    var url: String
  }

  /// Where it listens on 127.0.0.1.
  let port: UInt16
  private let process: Process

  /// Starts it and waits until it listens.
  /// - Parameters:
  ///   - executable: path of the program.
  ///   - directory: where uploads end up.
  ///   - options: more options for `serve`.
  /// - Throws: ``UploadError`` with code `cannotListen`.
  init(_ executable: String, directory: String, options: [String] = []) throws {
    let output = Pipe()
    process = Process()
    process.executableURL = URL(filePath: executable)
    process.environment = Self.environment
    process.arguments = ["serve", "--json", "--port", "0", "--dir", directory] + options
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    do {
      try process.run()
    } catch {
      let advice =
        "build it with swift build -c release --static-swift-stdlib --product sluice, or name another with "
        + "--sluice."
      throw UploadError(.cannotListen, "\(executable) cannot be run; \(advice)", cause: error)
    }
    let lines = output.fileHandleForReading
    guard let listening = try? JSONDecoder().decode(Listening.self, from: Self.firstLine(of: lines)),
      let port = listening.url.split(separator: ":").last.flatMap({ UInt16($0) })
    else {
      process.terminate()
      throw UploadError(.cannotListen, "\(executable) does not say where it listens.")
    }
    self.port = port
    // Its lines are of no use here, but a full pipe would hold it up.
    Thread.detachNewThread { while !lines.availableData.isEmpty {} }
  }

  /// Ends it and waits for its end. At once, since what it has stored goes as well, and it would wait for uploads.
  func stop() {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
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
    guard let usage = ProcessUsage(processID: process.processIdentifier) else {
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
