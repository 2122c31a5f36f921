import Testing
import UploadTestSupport

/// With too few descriptors the server says so and does not start; with the least that it names it works.
@Suite(.curl, .bash) struct DescriptorMinimumTests {
  private static let limited = #"ulimit -Sn "$0" && ulimit -Hn "$0" && exec "$@""#

  private func start(limit: Int, _ directory: TemporaryDirectory, _ command: [String]) async throws
    -> (exit: ProcessRunner.Exit, output: String, errors: String)
  {
    let arguments = ["-c", Self.limited, "\(limit)", Sluice.path] + command
    return try await ProcessRunner.run("bash", arguments, environment: ["TMPDIR": directory.path])
  }

  /// The least that the message names.
  private func minimum(in message: String) throws -> Int {
    try #require(message.firstMatch(of: /at least (\d+)/).flatMap { Int($0.1) }, "\(message)")
  }

  @Test(arguments: [10, 20, 38, 39, 40, 41, 42])
  func `a descriptor limit below the minimum exits with 2 and names the minimum`(limit: Int) async throws {
    try await withTemporaryDirectory { directory in
      for command in [["serve", "--port", "0", "--dir", directory.file("uploads")], ["headless", "--size", "1MB"]] {
        let ended = try await start(limit: limit, directory, command)
        #expect(ended.exit == .status(2), "\(ended)")
        #expect(ended.errors.contains("may have \(limit) files open (ulimit -n)"), "\(ended)")
        #expect(try minimum(in: ended.errors) > limit)
        #expect(!ended.output.contains("listening"))
      }
      #expect(try directory.names() == [])
    }
  }

  @Test func `the minimum of descriptors is enough for uploads, and one fewer exits with 2`() async throws {
    let options = ["--raw-port", "0"]
    let least = try await withTemporaryDirectory { directory in
      let command = ["serve", "--port", "0", "--dir", directory.file("uploads")] + options
      let least = try minimum(in: try await start(limit: 20, directory, command).errors)
      let ended = try await start(limit: least - 1, directory, command)
      #expect(ended.exit == .status(2), "\(ended)")
      return least
    }
    let script = #"ulimit -Sn \#(least) && ulimit -Hn \#(least) && exec "$@""#
    try await withServer(options, prefix: ["bash", "-c", script]) { server in
      let path = try server.scratch.random(3_000_000, to: "f")
      for number in 0..<20 {
        let reply = try await Curl.run(["-T", path, "\(server.url)/f\(number)"])
        #expect(reply.isStored("f\(number)", size: 3_000_000), "\(reply)")
      }
      let form = ["-F", "a=@\(path);filename=a", "-F", "b=@\(path);filename=b", "\(server.url)/file-upload"]
      #expect(try await Curl.run(form).status == 201)
      #expect(try await Curl.run(["-o", server.scratch.file("back"), "\(server.url)/files/a"]).status == 200)
      let raw = try Socket(port: server.rawPort)
      try await raw.send("abc")
      raw.finish()
      #expect(try ResponseJSON(String(decoding: try await raw.receive(), as: UTF8.self)).status == 201)
      // Standard error stays empty, which is looked at when the server has ended.
    }
  }

  @Test func `a headless run succeeds with the minimum of descriptors`() async throws {
    try await withTemporaryDirectory { directory in
      let command = ["headless", "--size", "3MB", "--count", "4", "--jobs", "2"]
      let least = try minimum(in: try await start(limit: 20, directory, command).errors)
      let ended = try await start(limit: least, directory, command)
      #expect(ended.exit == .status(0), "\(ended)")
    }
  }
}
