import Foundation
import UploadTestSupport

/// A program under `example/` that runs the real binary, and is told which with `--sluice`.
struct ExampleScript {
  let path: String

  /// - Parameter folder: its place under `example/`.
  init(_ folder: String) {
    path = "\(Sluice.package)/example/\(folder)/run"
  }

  /// Runs it in a directory to its end.
  func run(
    _ arguments: [String],
    in directory: TemporaryDirectory,
    sluice: String = Sluice.path,
    environment: [String: String] = [:]
  ) async throws -> (exit: ProcessRunner.Exit, output: String, errors: String) {
    try await ProcessRunner.run(
      path,
      ["--sluice", sluice] + arguments,
      environment: environment,
      directory: directory.path,
      timeout: .seconds(300)
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
