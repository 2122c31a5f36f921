import Foundation
import Testing
import UploadTestSupport

/// A server on which nothing happens costs next to nothing.
@Suite(.curl) struct IdleServerTests {
  /// libdispatch looks at its pool of threads once a second (`_dispatch_workq_monitor_pools`), and cannot be told not
  /// to.
  private static let wakeUpsPerSecond = 1

  @Test func `an idle server has at most 6 threads and 3 per core, which wake at most 4 times in 3 s`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(5_000_000, to: "f")
      // All threads there are have had something to do.
      let parts = (0..<32).flatMap { ["-T", path, "\(server.url)/f\($0)", "-o", "/dev/null"] }
      let lines = try await Curl.runAll(["--parallel", "--parallel-max", "32"] + parts, format: "%{http_code}")
      #expect(lines == Array(repeating: "201", count: 32))
      #expect(try await Curl.run(["\(server.url)/metrics"]).status == 200)
      // An event loop for each core, and as many threads for Swift's tasks and downloads; the rest does not depend on them.
      let cores = ProcessInfo.processInfo.activeProcessorCount
      try await eventually("few threads", timeout: .seconds(240)) {
        try Self.switches(server).count <= 6 + 3 * cores
      }
      // Threads that have ended count for nothing; one that slept through the stretch has the same number.
      try await eventually("a stretch of sleep", timeout: .seconds(240)) {
        let before = try Self.switches(server)
        try await Task.sleep(for: .seconds(3))
        let after = try Self.switches(server)
        // Sampling ten times a second makes more than sixty.
        return after.reduce(0) { $0 + $1.value - (before[$1.key] ?? 0) } <= 4 * Self.wakeUpsPerSecond
      }
    }
  }

  /// How often each thread has gone to sleep or been interrupted.
  private static func switches(_ server: SluiceServer) throws -> [String: Int] {
    let tasks = "/proc/\(server.process.processID)/task"
    var switches: [String: Int] = [:]
    for task in try FileManager.default.contentsOfDirectory(atPath: tasks) {
      guard let status = try? String(contentsOfFile: "\(tasks)/\(task)/status", encoding: .utf8) else { continue }
      let lines = status.split(separator: "\n").filter { $0.contains("ctxt_switches:") }
      switches[task] = lines.reduce(0) { $0 + (Int($1.split(whereSeparator: \.isWhitespace).last ?? "") ?? 0) }
    }
    return switches
  }
}
