import Glibc
import Testing
import UploadClient
import UploadCore
import UploadTestSupport

@testable import DashboardApp
@testable import SluiceCLI

/// Whole runs of `send` in this process, without output, to a server that rejects or does not listen.
@Suite(.timeLimit(.minutes(5))) struct SendRunTests {
  private func run(_ paths: [String], to url: String, isDry: Bool = false, skipsExisting: Bool = false) throws
    -> SendRun
  {
    var configuration = UploadClientConfiguration()
    configuration.retry = RetryPolicy(limit: 0)
    return SendRun(
      arguments: SendArguments(paths, name: nil),
      target: try SendTarget(url),
      configuration: configuration,
      mode: .stream,
      jobs: nil,
      rules: TreeRules(),
      skipsExisting: skipsExisting,
      isDry: isDry,
      output: .quiet,
      stallAfter: .seconds(5)
    )
  }

  @Test func `without a server the exit status is 1, and of a stopped run that of its signal`() async throws {
    try await withTemporaryDirectory { directory in
      mkdir(directory.file("t"), 0o700)
      for name in ["t/a", "t/b"] { try directory.write([1], to: name) }
      let tree = directory.file("t")
      let port = try HeldPort()
      defer { withExtendedLifetime(port) {} }
      let url = "http://127.0.0.1:\(port.number)"
      #expect(try await run([tree], to: url).run(StopRequest()) == 1)
      let stop = StopRequest()
      stop.request(SIGINT)
      #expect(try await run([tree], to: url).run(stop) == 130)
      let terminated = StopRequest()
      terminated.request(SIGTERM)
      #expect(try await run([tree], to: url).run(terminated) == 1)
    }
  }

  @Test func `a dry run needs no server, unless it asks for what that has`() async throws {
    try await withTemporaryDirectory { directory in
      mkdir(directory.file("t"), 0o700)
      try directory.write([1], to: "t/a")
      let port = try HeldPort()
      defer { withExtendedLifetime(port) {} }
      let url = "http://127.0.0.1:\(port.number)"
      #expect(try await run([directory.file("t")], to: url, isDry: true).run(StopRequest()) == 0)
      #expect(try await run([directory.file("t")], to: url, isDry: true, skipsExisting: true).run(StopRequest()) == 1)
    }
  }

  @Test func `a directory that cannot be read is a failure`() async throws {
    let status = try await run(["/nowhere/t", "/nowhere/u"], to: "http://127.0.0.1:9").run(StopRequest())
    #expect(status == 1)
  }
}
