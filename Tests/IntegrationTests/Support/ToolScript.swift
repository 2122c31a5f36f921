import Foundation
import UploadTestSupport

/// A program under `Tests/Tools` that runs the real binary; `--sluice` names it.
struct ToolScript {
  let path: String

  /// - Parameter folder: its name under `Tests/Tools`.
  init(_ folder: String) {
    path = "\(Sluice.package)/Tests/Tools/\(folder)/run"
  }

  /// Runs it in a directory to its end.
  func run(
    _ arguments: [String],
    in directory: TemporaryDirectory,
    sluice: String = Sluice.path,
    environment: [String: String] = [:],
    timeout: Duration = .seconds(300)
  ) async throws -> (exit: ProcessRunner.Exit, output: String, errors: String) {
    try await ProcessRunner.run(
      path,
      ["--sluice", sluice] + arguments,
      environment: environment,
      directory: directory.path,
      timeout: timeout
    )
  }

  /// How many processes work in a directory or beneath it, be it removed or not.
  static func processes(in directory: String) throws -> Int {
    let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
    // One that has ended meanwhile has no such link.
    let places = processes.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/cwd") }
    return places.count { $0.hasPrefix(directory) }
  }
}
