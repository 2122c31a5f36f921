import Testing
import UploadTestSupport

/// Many uploads at once, and what they leave behind in the process: nothing.
@Suite(.curl) struct ConcurrencyTests {
  @Test func `a hundred concurrent uploads arrive intact`() async throws {
    try await withServer { server in
      let paths = try (0..<100).map { try server.scratch.random(1 << 20, to: "\($0)") }
      let transfers = paths.indices.flatMap { ["-T", paths[$0], "\(server.url)/f\($0)", "-o", "/dev/null"] }
      let lines = try await Curl.runAll(
        ["--parallel", "--parallel-immediate", "--parallel-max", "100"] + transfers,
        format: "%{http_code}"
      )
      #expect(lines == paths.map { _ in "201" })
      #expect(try server.uploads.names() == paths.indices.map { "f\($0)" }.sorted())
      for (number, path) in paths.enumerated() { try server.expect("f\(number)", equals: path) }
      try await server.events(100) { $0.event == "finished" }
    }
  }

  @Test(arguments: ["4MiB", "16MiB"])
  func `16 concurrent uploads that share a small memory budget arrive intact`(budget: String) async throws {
    try await withServer(["--memory-budget", budget]) { server in
      let paths = try (0..<16).map { try server.scratch.random(4 << 20, to: "\($0)") }
      let transfers = paths.indices.flatMap { ["-T", paths[$0], "\(server.url)/f\($0)", "-o", "/dev/null"] }
      let lines = try await Curl.runAll(
        ["--parallel", "--parallel-immediate", "--parallel-max", "16"] + transfers,
        format: "%{http_code}"
      )
      #expect(lines == paths.map { _ in "201" })
      for (number, path) in paths.enumerated() { try server.expect("f\(number)", equals: path) }
    }
  }

  @Test func `complete and interrupted uploads leave no descriptor open`() async throws {
    try await withServer { server in
      // Once round before the count: pools and pipes are made when they are first needed.
      try await traffic(server, uploads: 20, cuts: 8, name: "first")
      let before = try await quiet(server)
      try await traffic(server, uploads: 200, cuts: 40, name: "second")
      let after = try await quiet(server)
      #expect(after.sorted() == before.sorted())
      let names = (0..<20).map { "first\($0)" } + (0..<200).map { "second\($0)" }
      #expect(try server.uploads.names() == names.sorted())
    }
  }

  /// Uploads of every kind that are stored, and some that are interrupted.
  private func traffic(_ server: SluiceServer, uploads: Int, cuts: Int, name: String) async throws {
    let path = try server.scratch.random(100_000, to: name)
    let transfers = (0..<uploads).flatMap { ["-T", path, "\(server.url)/\(name)\($0)", "-o", "/dev/null"] }
    async let lines = Curl.runAll(["--parallel", "--parallel-max", "20"] + transfers, format: "%{http_code}")
    for number in 0..<cuts {
      let framing = CutUploadTests.Framing.allCases[number % 3]
      let request = framing.request(size: 500_000)
      let socket = try Socket(port: server.port)
      try await socket.send(Array(request.bytes[..<(request.file.lowerBound + 10_000 * number)]))
      if number % 2 == 0 { socket.resetOnClose() } else { socket.finish() }
    }
    #expect(try await lines == (0..<uploads).map { _ in "201" })
    for number in 0..<uploads { try server.expect("\(name)\(number)", equals: path) }
  }

  /// Waits until no connection and no unnamed file is open but the listener.
  /// - Returns: the kinds of what is open then.
  private func quiet(_ server: SluiceServer) async throws -> [String] {
    var kinds: [String] = []
    try await eventually("the end of all connections") {
      kinds = try server.descriptors.map { String($0.prefix { $0 != ":" }) }
      return try kinds.count { $0 == "socket" } <= 1 && server.unnamedFiles == 0
    }
    return kinds
  }
}
