import Foundation
import Testing
import UploadTestSupport

/// Names that are taken already, and names that several want at once.
@Suite(.curl) struct DuplicateTests {
  @Test func `a second and a third upload of one name get the numbers 2 and 3`() async throws {
    try await withServer { server in
      let paths = try (1...3).map { try server.scratch.random(100 * $0, to: "\($0)") }
      for (path, name) in zip(paths, ["x.txt", "x (2).txt", "x (3).txt"]) {
        let reply = try await Curl.run(["-T", path, "\(server.url)/x.txt"])
        #expect(try reply.json.files?.map(\.name) == [name])
        try server.expect(name, equals: path)
      }
      let finished = try await server.events(3) { $0.event == "finished" }
      #expect(finished.map(\.name) == ["x.txt", "x.txt", "x.txt"])
      #expect(finished.map(\.path) == ["x.txt", "x (2).txt", "x (3).txt"])
    }
  }

  @Test func `with --on-duplicate error a duplicate, and a form with one, gets 409`() async throws {
    try await withServer(["--on-duplicate", "error"]) { server in
      let old = try server.scratch.random(100, to: "old")
      let new = try server.scratch.random(200, to: "new")
      #expect(try await Curl.run(["-T", old, "\(server.url)/x"]).status == 201)
      let again = try await Curl.run(["-T", new, "\(server.url)/x"])
      #expect(again.isRejection(409), "\(again)")
      // One file of a form is taken: none of it is stored.
      let form = try await Curl.run([
        "-F", "a=@\(new);filename=fresh", "-F", "b=@\(new);filename=x", "\(server.url)/file-upload",
      ])
      #expect(form.isRejection(409), "\(form)")
      #expect(try server.uploads.names() == ["x"])
      try server.expect("x", equals: old)
    }
  }

  @Test func `with --on-duplicate replace an upload under a directory's name gets 409`() async throws {
    try await withServer(["--on-duplicate", "replace"]) { server in
      try server.uploads.directory("x").write([1], to: "inside")
      let reply = try await Curl.run(["-T", try server.scratch.random(10, to: "f"), "\(server.url)/x"])
      #expect(reply.isRejection(409), "\(reply)")
      #expect(try server.uploads.names() == ["x"])
      #expect(try server.uploads.read("x/inside") == [1])
    }
  }

  @Test(arguments: ["rename", "error", "replace"], [true, false])
  func `no upload under a symlink's name changes the symlink's target`(policy: String, dangling: Bool) async throws {
    try await withServer(["--on-duplicate", policy]) { server in
      let outside = server.scratch.file("outside")
      if !dangling { try server.scratch.write([1, 2, 3], to: "outside") }
      try FileManager.default.createSymbolicLink(atPath: server.uploads.file("x"), withDestinationPath: outside)
      let path = try server.scratch.random(500, to: "source")
      let reply = try await Curl.run(["-T", path, "\(server.url)/x"])
      switch policy {
      case "rename":
        #expect(reply.isStored("x (2)", size: 500), "\(reply)")
        try server.expect("x (2)", equals: path)
      case "error": #expect(reply.isRejection(409), "\(reply)")
      default:
        #expect(reply.isStored("x", size: 500, status: 200), "\(reply)")
        #expect(throws: (any Error).self) {
          try FileManager.default.destinationOfSymbolicLink(atPath: server.uploads.file("x"))
        }
        try server.expect("x", equals: path)
      }
      if dangling {
        #expect(!FileManager.default.fileExists(atPath: outside))
      } else {
        #expect(try server.scratch.read("outside") == [1, 2, 3])
      }
    }
  }

  @Test(arguments: [["-T", "{}"], ["-F", "file=@{};filename=same"]])
  func `concurrent uploads of one name are all stored, all but one under a numbered name`(form: [String]) async throws {
    try await withServer { server in
      let paths = try (0..<40).map { try server.scratch.random(20_000 + $0, to: "\($0)") }
      let target = form[0] == "-T" ? "\(server.url)/same" : "\(server.url)/file-upload"
      let transfers = paths.map { path in
        form.map { $0.replacing("{}", with: path) } + [target, "-o", "/dev/null"]
      }
      let status = "%{http_code}"
      let lines = try await Curl.runAll(
        ["--parallel", "--parallel-immediate", "--parallel-max", "40"]
          + transfers.joined(separator: ["--next", "--silent", "--write-out", "\(status)\\n"]),
        format: status
      )
      #expect(lines == paths.map { _ in "201" })
      let names = try server.uploads.names()
      #expect(Set(names) == Set(["same"] + (2...40).map { "same (\($0))" }))
      let stored = try names.map { try Digest.ofFile(server.uploads.file($0)) }
      #expect(try stored.sorted() == paths.map { try Digest.ofFile($0) }.sorted())
    }
  }

  @Test func `with --on-duplicate replace concurrent uploads of one name leave one complete file`() async throws {
    try await withServer(["--on-duplicate", "replace"]) { server in
      let paths = try (0..<20).map { try server.scratch.random(100_000 + $0, to: "\($0)") }
      let transfers = paths.flatMap { ["-T", $0, "\(server.url)/same", "-o", "/dev/null"] }
      let lines = try await Curl.runAll(
        ["--parallel", "--parallel-immediate", "--parallel-max", "20"] + transfers,
        format: "%{http_code}"
      )
      #expect(lines.count == 20 && lines.allSatisfy { $0 == "200" || $0 == "201" })
      #expect(lines.count { $0 == "201" } == 1)
      #expect(try server.uploads.names() == ["same"])
      let stored = try Digest.ofFile(server.uploads.file("same"))
      #expect(try paths.map { try Digest.ofFile($0) }.contains(stored))
    }
  }
}
