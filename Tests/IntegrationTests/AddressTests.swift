import Glibc
import Testing
import UploadTestSupport

/// Addresses as people write them, for `serve --host` and `send --to`.
@Suite struct AddressTests {
  /// Starts `serve --host`, and hands over the URL that it prints.
  private func withServe(
    _ host: String,
    _ body: (String, TemporaryDirectory) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { directory in
      let server = try Sluice.start(["serve", "--host", host, "--open", "--port", "0", "--dir", directory.file("up")])
      let line = try await server.line { $0.contains(" listening on ") }
      let start = try #require(line.firstRange(of: " listening on "))
      let url = String(line[start.upperBound...].prefix { $0 != "," })
      try await body(url, directory)
      server.signal(SIGTERM)
      #expect(try await server.exit() == .status(0))
    }
  }

  @Test(arguments: ["[::1]", "::1", "*", "0", "::", "0:0:0:0:0:0:0:0", "::1%lo", "[::1%25lo]", "127.1"])
  func `the URL that serve prints accepts uploads, whatever form --host has`(host: String) async throws {
    try await withServe(host) { url, directory in
      #expect(!url.contains("*") && !url.contains("//0") && !url.contains("[::]"), "\(url)")
      let file = try directory.random(1000, to: "f")
      let sent = try await Sluice.run(["send", "--to", url, file])
      #expect(sent.exit == .status(0), "\(sent)")
      // The same without its scheme.
      let again = try await Sluice.run(["send", "--name", "g", "--to", String(url.dropFirst(7)), file])
      #expect(again.exit == .status(0), "\(again)")
    }
  }

  @Test(arguments: ["nosuch.invalid", "fe80::1", "[::1]:80", "http://127.0.0.1", "fe80::1%nosuch0", "", "8080"])
  func `serve with an unusable --host fails with a message about the host`(host: String) async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await Sluice.run([
        "serve", "--host", host, "--open", "--port", "0", "--dir", directory.file("up"),
      ])
      #expect([.status(2), .status(64)].contains(ended.exit), "\(ended)")
      #expect(ended.output == "")
      #expect(ended.errors.contains("host"), "\(ended)")
      #expect(!ended.errors.contains("SocketAddressError") && !ended.errors.contains("IOError"), "\(ended)")
    }
  }

  @Test func `send to a host that has no address fails without a retry`() async throws {
    try await withTemporaryDirectory { directory in
      let file = try directory.random(10, to: "f")
      for target in ["http://nosuch.invalid", "nosuch.invalid:8080", "http://[fe80::1%25nosuch0]", "[fe80::1]:80"] {
        let ended = try await Sluice.run(["send", "--to", target, file])
        #expect(ended.exit == .status(1), "\(ended)")
        #expect(!ended.errors.contains("SocketAddressError") && !ended.errors.contains("(error"), "\(ended)")
        #expect(!ended.output.contains("attempt"), "\(ended)")
      }
    }
  }
}
