import Foundation
import Testing
import UploadTestSupport

/// `serve --store s3://…` in front of a real engine.
@Suite(.serialized, .curl, .bash, .objectEngine) struct ObjectStoreTests {
  private static let part = 5 << 20

  @Test func `files of any size arrive byte for byte, by every kind of request`() async throws {
    try await withObjectEngine { engine in
      try await withServer(engine.options("/in/here"), environment: ObjectEngine.credentials) { server in
        let sizes = [0, 1, 70_000, Self.part, Self.part + 1, 3 * Self.part + 12345]
        for size in sizes {
          let path = try server.scratch.random(size, to: "f\(size)")
          let put = try await Curl.run(["-T", path, "\(server.url)/a/put-\(size)"])
          #expect(put.isStored("a/put-\(size)", size: size), "\(put)")
          // curl 7.88 sends no chunk at all for an empty file.
          guard size > 0 else { continue }
          let chunked = try await Curl.run([
            "-H", "Transfer-Encoding: chunked", "-T", path, "\(server.url)/a/chunked-\(size)",
          ])
          #expect(chunked.isStored("a/chunked-\(size)", size: size), "\(chunked)")
        }
        let parts = sizes.flatMap { ["-F", "f=@\(server.scratch.file("f\($0)"));filename=form-\($0)"] }
        let form = try await Curl.run(parts + ["\(server.url)/file-upload"])
        #expect(form.status == 201, "\(form)")
        #expect(try form.json.files?.map(\.name) == sizes.map { "form-\($0)" })
        for size in sizes {
          for name in ["a/put-\(size)", "form-\(size)"] + (size > 0 ? ["a/chunked-\(size)"] : []) {
            try await engine.expect("in/here/\(name)", equals: server.scratch.file("f\(size)"))
          }
        }
        try await eventually("no claim is left") { try await engine.keys().allSatisfy { !$0.contains(".sluice") } }
        #expect(try await engine.unfinished() == [])
        #expect(try server.uploads.names() == [])
      }
    }
  }

  @Test func `names that are hard for S3 are the same in the bucket and in the listing`() async throws {
    try await withObjectEngine { engine in
      try await withServer(engine.options(), environment: ObjectEngine.credentials) { server in
        let names = [
          "a+b", "100%", "%41", "a b", "ü", "u\u{308}", "日本", "a&b=c", "a'b", "q?", "h#h", "~", "(1)", "a;b,c", "$",
        ]
        for name in names {
          let escaped = try #require(name.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
          let reply = try await Curl.run(["--data-binary", name, "\(server.url)/stream-upload?name=\(escaped)"])
          #expect(reply.isStored(name, size: name.utf8.count), "\(reply)")
          let back = try await Curl.run(["\(server.url)/files/\(escaped)"])
          #expect(back.status == 200 && back.body == name, "\(back)")
        }
        #expect(try await Set(engine.keys().map { Array($0.utf8) }) == Set(names.map { Array($0.utf8) }))
        let listing = try await Curl.run(["-H", "Accept: application/json", "\(server.url)/files/"])
        #expect(listing.status == 200)
      }
    }
  }

  @Test(arguments: [1000, part + 1])
  func `an existing name is numbered, rejected or replaced`(size: Int) async throws {
    try await withObjectEngine { engine in
      for (policy, statuses) in [("rename", [201, 201]), ("error", [201, 409]), ("replace", [201, 200])] {
        let options = engine.options("/\(policy)") + ["--on-duplicate", policy]
        try await withServer(options, environment: ObjectEngine.credentials) { server in
          for (index, status) in statuses.enumerated() {
            let path = try server.scratch.random(size + index, to: "f\(index)")
            let reply = try await Curl.run(["-T", path, "\(server.url)/a.txt"])
            #expect(reply.status == status, "\(policy): \(reply)")
          }
          let first = policy == "replace" ? "f1" : "f0"
          try await engine.expect("\(policy)/a.txt", equals: server.scratch.file(first))
          if policy == "rename" { try await engine.expect("rename/a (2).txt", equals: server.scratch.file("f1")) }
        }
      }
      #expect(try await engine.unfinished() == [])
    }
  }

  @Test func `an upload that is cut leaves nothing`() async throws {
    try await withObjectEngine { engine in
      try await withServer(engine.options(), environment: ObjectEngine.credentials) { server in
        for sent in [1000, Self.part + 1000, 3 * Self.part] { try await cut(after: sent, server) }
        try await server.events(3) { $0.event == "failed" }
        try await eventually("nothing is left at the engine") {
          let (keys, uploads) = (try await engine.keys(), try await engine.unfinished())
          return keys.isEmpty && uploads.isEmpty
        }
        try await eventually("no part is spooled") { try server.unnamedFiles == 0 }
      }
    }
  }

  /// Begins an upload, and ends its connection once so many bytes have arrived.
  private func cut(after sent: Int, _ server: SluiceServer) async throws {
    let request = CutUploadTests.Framing.length.request(size: 4 * Self.part)
    let socket = try Socket(port: server.port)
    socket.resetOnClose()
    try await socket.send(Array(request.bytes[..<(request.file.lowerBound + sent)]))
    guard sent > Self.part else { return }
    try await server.events { $0.event == "progress" && ($0.bytes ?? 0) >= UInt64(sent) }
  }

  @Test func `ranges are downloaded, and conditions count`() async throws {
    try await withObjectEngine { engine in
      try await withServer(engine.options(), environment: ObjectEngine.credentials) { server in
        let path = try server.scratch.random(2 * Self.part + 99, to: "f")
        #expect(try await Curl.run(["-T", path, "\(server.url)/d/f.bin"]).status == 201)
        let copy = server.scratch.file("copy")
        let saved = server.scratch.file("headers")
        let whole = try await Curl.run(["-o", copy, "-D", saved, "\(server.url)/files/d/f.bin"])
        #expect(whole.status == 200)
        #expect(try Digest.ofFile(copy) == Digest.ofFile(path))
        let bytes = try Data(contentsOf: URL(filePath: path))
        for range in [0..<10, 5_000_000..<5_300_000, bytes.count - 5..<bytes.count] {
          let part = try await Curl.run([
            "-r", "\(range.lowerBound)-\(range.upperBound - 1)", "-o", copy, "\(server.url)/files/d/f.bin",
          ])
          #expect(part.status == 206, "\(part)")
          #expect(try Data(contentsOf: URL(filePath: copy)) == bytes[range])
        }
        let headers = try String(contentsOfFile: saved, encoding: .utf8)
        let field = headers.split(separator: "\r\n").first { $0.lowercased().hasPrefix("etag:") }
        let tag = try #require(field?.dropFirst(6))
        let known = try await Curl.run(["-H", "If-None-Match: \(tag)", "\(server.url)/files/d/f.bin"])
        #expect(known.status == 304)
        #expect(try await Curl.run(["\(server.url)/files/d/missing"]).status == 404)
        let taken = try await Curl.run(["-H", "If-None-Match: *", "-T", path, "\(server.url)/d/f.bin"])
        #expect(taken.status == 412, "\(taken)")
      }
    }
  }

  @Test func `downloads can be redirected to the engine`() async throws {
    try await withObjectEngine { engine in
      let options = engine.options() + ["--s3-downloads", "redirect"]
      try await withServer(options, environment: ObjectEngine.credentials) { server in
        #expect(try await Curl.run(["--data-binary", "hello", "\(server.url)/stream-upload?name=a%20b"]).status == 201)
        let direct = try await Curl.run(["\(server.url)/files/a%20b"])
        #expect(direct.status == 307)
        let followed = try await Curl.run(["--location", "\(server.url)/files/a%20b"])
        #expect(followed.status == 200 && followed.body == "hello", "\(followed)")
      }
    }
  }

  @Test func `metrics count the requests to the engine`() async throws {
    try await withObjectEngine { engine in
      try await withServer(engine.options(), environment: ObjectEngine.credentials) { server in
        #expect(try await Curl.run(["--data-binary", "x", "\(server.url)/stream-upload?name=a"]).status == 201)
        let metrics = try await Curl.run(["\(server.url)/metrics"]).body
        #expect(metrics.contains(#"sluice_store_requests_total{operation="put_object"} "#), "\(metrics)")
      }
    }
  }

  // MARK: Failures

  @Test func `what is wrong with the store is said when the server starts`() async throws {
    try await withObjectEngine { engine in
      let good = ObjectEngine.credentials
      let (closed, port) = try Loopback.bind()
      defer { close(closed) }
      // This engine says the same of an unknown key and of a wrong secret.
      let secret = "AWS_SECRET_ACCESS_KEY"
      let cases: [(options: [String], environment: [String: String], words: [String])] = [
        (engine.options(), ["AWS_ACCESS_KEY_ID": "test:other", "AWS_SECRET_ACCESS_KEY": "testing"], [secret]),
        (engine.options(), ["AWS_ACCESS_KEY_ID": "test:tester", secret: "not-the-secret"], [secret]),
        (["--store", "s3://missing", "--s3-endpoint", engine.url], good, ["missing"]),
        (["--store", "s3://uploads", "--s3-endpoint", "http://127.0.0.1:\(port)"], good, ["127.0.0.1:\(port)"]),
        (["--store", "s3://uploads", "--s3-endpoint", "\(engine.url)/path"], good, ["--store"]),
        (["--store", "uploads"], good, ["s3://BUCKET"]),
        (engine.options() + ["--on-cut", "keep"], good, ["--on-cut keep"]),
        (engine.options() + ["--s3-part-size", "1MiB"], good, ["5MiB to 5GiB"]),
        (engine.options() + ["--s3-ca", "/nowhere/ca.pem"], good, ["/nowhere/ca.pem"]),
        (
          engine.options(), ["AWS_ACCESS_KEY_ID": "", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_PROFILE": ""],
          ["/nowhere"]
        ),
      ]
      try await withTemporaryDirectory { scratch in
        for (options, environment, words) in cases {
          let arguments = ["serve", "--port", "0", "--dir", scratch.file("up")] + options
          let ended = try await Sluice.run(arguments, environment: environment)
          #expect(ended.exit == .status(2) || ended.exit == .status(64), "\(options): \(ended)")
          for word in words { #expect(ended.errors.contains(word), "\(options): \(ended)") }
          #expect(!ended.errors.contains("not-the-secret"))
        }
      }
    }
  }

  @Test func `an engine that hangs is what an upload waits for, not the client`() async throws {
    try await withObjectEngine { engine in
      let options = engine.options() + ["--stall-after", "1s"]
      try await withServer(options, environment: ObjectEngine.credentials) { server in
        let path = try server.scratch.random(8 * Self.part, to: "f")
        try engine.signal("proxy", SIGSTOP)
        async let reply = Curl.run(["-T", path, "\(server.url)/f"])
        let stalled = try await server.events { $0.event == "stalled" }
        #expect(stalled.first?.cause == "store", "\(stalled)")
        try engine.signal("proxy", SIGCONT)
        let ended = try await reply
        #expect(ended.isStored("f", size: 8 * Self.part), "\(ended)")
        try await engine.expect("f", equals: path)
      }
    }
  }

  @Test func `an upload survives the death of the object server, and waits until that is back`() async throws {
    try await withObjectEngine { engine in
      let options = engine.options() + ["--stall-after", "1s"]
      try await withServer(options, environment: ObjectEngine.credentials) { server in
        let path = try server.scratch.random(8 * Self.part, to: "f")
        try engine.signal("object", SIGKILL)
        async let reply = Curl.run(["-T", path, "\(server.url)/f"])
        let stalled = try await server.events { $0.event == "stalled" }
        #expect(stalled.first?.cause == "store", "\(stalled)")
        try await engine.restartObjectServer()
        let ended = try await reply
        #expect(ended.isStored("f", size: 8 * Self.part), "\(ended)")
        try await engine.expect("f", equals: path)
        #expect(try await engine.unfinished() == [])
      }
    }
  }

  @Test func `of two files that two servers store under one name at once, none that is acknowledged is lost`()
    async throws
  {
    try await withObjectEngine { engine in
      try await withServer(engine.options(), environment: ObjectEngine.credentials) { first in
        try await withServer(engine.options(), environment: ObjectEngine.credentials) { second in
          // This engine checks the condition of a PUT only when that begins. So both may claim the name, and one then fails;
          // files of one part may even replace each other.
          for size in [Self.part + 1] {
            let paths = try [first, second].map { try $0.scratch.random(size, to: "f\(size)") }
            let (one, two) = (paths[0], paths[1])
            async let left = Curl.run(["-T", one, "\(first.url)/name-\(size)"])
            async let right = Curl.run(["-T", two, "\(second.url)/name-\(size)"])
            let replies = try await [left, right]
            let stored = zip(replies, paths).filter { $0.0.status == 201 }
            #expect(!stored.isEmpty && replies.allSatisfy { [201, 409].contains($0.status) }, "\(replies)")
            for (reply, path) in stored {
              try await engine.expect(try #require(reply.json.files?.first?.name), equals: path)
            }
          }
        }
      }
      #expect(try await engine.unfinished() == [])
    }
  }
}
