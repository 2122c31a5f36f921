import Foundation
import Testing
import UploadTestSupport

/// Sizes and rates as they are written on the command line, and as messages repeat them.
@Suite struct SizeAndRateTests {
  private static let serverOptions = ["--limit-rate", "--limit-rate-per-upload", "--min-rate"]

  private func expectMissingUnit(
    _ ended: Sluice.Ended,
    _ option: String,
    rate: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(ended.exit == .status(64) && ended.output == "", "\(ended)", sourceLocation: sourceLocation)
    let message = "The value '\(rate)' is invalid for '\(option) <rate>': \"\(rate)\" has no unit."
    #expect(ended.errors.contains(message), "\(ended)", sourceLocation: sourceLocation)
    #expect(ended.errors.contains("10MB/s"), "\(ended)", sourceLocation: sourceLocation)
  }

  @Test(arguments: [[], ["serve"], ["headless"]], serverOptions)
  func `commands with a server reject a rate option that has no unit`(command: [String], option: String) async throws {
    for rate in ["10", "1.5", "10/s"] {
      expectMissingUnit(try await Sluice.run(command + [option, rate]), option, rate: rate)
    }
  }

  @Test func `send rejects a --limit-rate that has no unit`() async throws {
    let ended = try await Sluice.run(["send", "f", "--to", "http://127.0.0.1:1", "--limit-rate", "10"])
    expectMissingUnit(ended, "--limit-rate", rate: "10")
  }

  @Test(arguments: ["SLUICE_LIMIT_RATE", "SLUICE_LIMIT_RATE_PER_UPLOAD", "SLUICE_MIN_RATE"])
  func `a rate variable that has no unit is rejected and named`(variable: String) async throws {
    let option = "--" + variable.dropFirst(7).lowercased().replacing("_", with: "-")
    let ended = try await Sluice.run(["serve"], environment: [variable: "10"])
    expectMissingUnit(ended, option, rate: "10")
    #expect(ended.errors.contains("\(option) is set by the variable \(variable)."), "\(ended)")
  }

  @Test(.curl, arguments: [("1MB", "1 MB"), ("1.5MB", "1.5 MB"), ("1MiB", "1 MiB"), ("900kb", "900 kB")])
  func `messages state the limit of --max-size in the unit that was given`(option: String, text: String) async throws {
    try await withServer(["--max-size", option, "--raw-port", "0"]) { server in
      let path = try server.scratch.random(2_000_000, to: "large")
      for arguments in [
        ["-T", path, "\(server.url)/large"], ["-H", "Transfer-Encoding: chunked", "-T", path, "\(server.url)/large"],
        ["-F", "file=@\(path)", "\(server.url)/file-upload"],
      ] {
        let reply = try await Curl.run(["-H", "Expect:"] + arguments)
        #expect(reply.isRejection(413), "\(arguments): \(reply)")
        #expect(try reply.json.msg.contains("limit is \(text)."), "\(arguments): \(reply)")
      }
      let netcat = try Socket(port: server.rawPort)
      // The server may respond, and close, before it has received everything.
      try? await netcat.send(server.scratch.read("large"))
      netcat.finish()
      let raw = try ResponseJSON(String(decoding: try await netcat.receive(), as: UTF8.self))
      #expect(raw.status == 413 && raw.msg.contains("limit is \(text)."), "\(raw)")
      let rejected = try await server.events { $0.event == "rejected" && $0.method == "PUT" }
      #expect(rejected.allSatisfy { $0.reason?.contains("limit is \(text).") == true }, "\(rejected)")
      let failed = try await server.events(2) { $0.event == "failed" }
      #expect(failed.allSatisfy { $0.error?.message.contains("limit is \(text).") == true }, "\(failed)")
      #expect(try server.uploads.names() == [])
    }
  }

  @Test(.curl) func `the message of a 507 states --min-free in the unit that was given`() async throws {
    try await withServer(["--min-free", "1000000TB"]) { server in
      let path = try server.scratch.random(2000, to: "f")
      let reply = try await Curl.run(["-T", path, "\(server.url)/f"])
      #expect(reply.isRejection(507), "\(reply)")
      #expect(try reply.json.msg.contains("1000000 TB are kept free (--min-free)"), "\(reply)")
    }
  }
}
