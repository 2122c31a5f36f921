import Glibc
import Testing
import UploadTestSupport

/// Rate limits of a real server.
@Suite(.curl) struct RateTests {
  /// How long curl needs for a file, in seconds.
  private func seconds(_ arguments: [String]) async throws -> [Double] {
    try await Curl.runAll(arguments, format: "%{time_total}").compactMap { Double($0) }
  }

  @Test func `three concurrent uploads share the rate limit evenly and end together`() async throws {
    try await withServer(["--limit-rate", "4MB/s", "--interval", "100ms"]) { server in
      let paths = try (0..<3).map { try server.scratch.random(4_000_000, to: "f\($0)") }
      let times = try await seconds(
        ["--parallel", "--parallel-immediate"] + paths.enumerated().flatMap { ["-T", $1, "\(server.url)/\($0)"] }
      )
      #expect(times.count == 3)
      // 12 MB at 4 MB/s. A machine under load is slower, never faster.
      #expect(try #require(times.max()) > 2.8)
      // They ended together: none was served first.
      #expect(try #require(times.min()) > 0.7 * (times.max() ?? 0))
      #expect(try server.events.contains { $0.event == "progress" && $0.state == "limited" })
      #expect(try server.events.allSatisfy { $0.event != "stalled" })
      for (number, path) in paths.enumerated() { try server.expect("\(number)", equals: path) }
      for finished in try await server.events(3, where: { $0.event == "finished" }) {
        let (spent, seconds) = (try #require(finished.time?.spent), try #require(finished.seconds))
        #expect(abs(spent.values.reduce(0, +) - seconds) < 0.1, "\(spent) of \(seconds)")
        #expect(spent["limit"] ?? 0 > 0.5 * seconds, "\(spent) of \(seconds)")
      }
    }
  }

  @Test func `of two uploads the earlier one gets at most 1.5 times the rate of the later one`() async throws {
    try await withServer(["--limit-rate", "2MB/s", "--interval", "100ms"]) { server in
      var clients: [ProcessRunner] = []
      for (number, least) in [UInt64(1_000_000), 0].enumerated() {
        clients.append(try ProcessRunner("curl", ["-s", "-T", "/dev/zero", "\(server.url)/\(number)"]))
        try await server.events { $0.event == "progress" && ($0.bytes ?? 0) > least }
      }
      /// The bytes received of each of the two.
      func bytes() throws -> [UInt64] {
        let ids = try server.events.filter { $0.event == "started" }.sorted { $0.name ?? "" < $1.name ?? "" }.map(\.id)
        return try ids.map { id in try server.events.last { $0.event == "progress" && $0.id == id }?.bytes ?? 0 }
      }
      try await server.events(2) { $0.event == "started" }
      try await eventually("both have begun") { try bytes().allSatisfy { $0 > 0 } }
      let before = try bytes()
      try await eventually("the second has got some") { try bytes()[1] > before[1] + 2_000_000 }
      let got = zip(try bytes(), before).map { Double($0 - $1) }
      #expect(got[0] < 1.5 * got[1], "\(got)")
      for client in clients {
        client.signal(SIGKILL)
        _ = try await client.exit()
      }
      try await server.events(2) { $0.event == "failed" }
    }
  }

  @Test(arguments: [["-T"], ["-F"]])
  func `a single upload is no faster than the rate limit per upload`(form: [String]) async throws {
    try await withServer(["--limit-rate-per-upload", "2MB/s"]) { server in
      let path = try server.scratch.random(4_000_000, to: "f")
      let arguments =
        form == ["-T"] ? ["-T", path, "\(server.url)/f"] : ["-F", "a=@\(path)", "\(server.url)/file-upload"]
      let times = try await seconds(arguments)
      #expect(try #require(times.first) > 1.85)
      try server.expect("f", equals: path)
    }
  }

  @Test func `a raw upload to a server with a rate limit arrives complete`() async throws {
    try await withServer(["--limit-rate", "2MB/s", "--raw-port", "0"]) { server in
      let socket = try Socket(port: server.rawPort)
      try await socket.send(SplitMix64.bytes(3_000_000))
      socket.finish()
      let response = try ResponseJSON(String(decoding: try await socket.receive(), as: UTF8.self))
      #expect(response.files?.first?.size == 3_000_000)
      // On FIN SwiftNIO reads the whole receive buffer, at most 4 MiB: only bytes before that are limited.
      let finished = try await server.events { $0.event == "finished" }
      #expect(try #require(finished.first?.seconds) < 30)
    }
  }

  @Test func `an upload below --min-rate for the idle timeout gets 408`() async throws {
    // The rate is looked at over the idle time-out.
    try await withServer(["--min-rate", "1MB/s", "--idle-timeout", "5s"]) { server in
      let path = try server.scratch.random(4_000_000, to: "f")
      let reply = try await Curl.run(["--limit-rate", "100K", "-H", "Expect:", "-T", path, "\(server.url)/f"])
      #expect(reply.isRejection(408), "\(reply)")
      try await server.failure("timedOut")
      #expect(try server.uploads.names() == [])
    }
  }
}
