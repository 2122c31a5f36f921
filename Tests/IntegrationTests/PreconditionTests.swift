import Foundation
import Testing
import UploadTestSupport

/// Conditional requests (RFC 9110 section 13).
@Suite(.curl) struct PreconditionTests {
  @Test(arguments: ["", "files/", "files"])
  func `a page or listing gets 412 for If-Match with an ETag, and 200 for If-Match: *`(path: String) async throws {
    try await withServer { server in
      for method in [[], ["--head"]] {
        let ask = method + ["-o", "/dev/null", "\(server.url)/\(path)"]
        let tagged = try await Curl.run(["-H", "If-Match: \"nope\""] + ask)
        #expect(tagged.status == 412)
        let any = try await Curl.run(["-H", "If-Match: *"] + ask)
        #expect(any.status == 200)
      }
    }
  }

  @Test(arguments: ["rename", "error", "replace"])
  func `an upload with If-None-Match: * stores a new name and gets 412 for a taken one`(policy: String) async throws {
    try await withServer(["--on-duplicate", policy]) { server in
      let old = try server.scratch.write([1], to: "old")
      let new = try server.scratch.random(3 << 20, to: "new")
      let create = ["-H", "If-None-Match: *"]
      #expect(try await Curl.run(create + ["-T", old, "\(server.url)/x"]).status == 201)
      for framing in [["-H", "Expect:"], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]] {
        let reply = try await Curl.run(create + framing + ["--verbose", "-T", new, "\(server.url)/x"])
        #expect(reply.isRejection(412), "\(framing): \(reply)")
        #expect(!reply.errors.contains("HTTP/1.1 100"), "the body is not asked for")
      }
      let posted = try await Curl.run(create + ["--data-binary", "@\(new)", "\(server.url)/stream-upload?name=x"])
      #expect(posted.isRejection(412), "\(posted)")
      let form = try await Curl.run(
        create + ["-F", "a=@\(new);filename=fresh", "-F", "b=@\(new);filename=x", "\(server.url)/file-upload"]
      )
      #expect(form.isRejection(412), "\(form)")
      #expect(try server.uploads.names() == ["x"])
      #expect(try server.uploads.read("x") == [1])
      #expect(
        try await Curl.run(create + ["-F", "a=@\(old);filename=fresh", "\(server.url)/file-upload"]).status == 201
      )
    }
  }

  @Test func `uploads with a failed precondition get 412, and those with a true one replace the file`() async throws {
    try await withServer(["--on-duplicate", "replace"]) { server in
      let files = try (1...3).map { try server.scratch.write([UInt8($0)], to: "\($0)") }
      #expect(try await Curl.run(["-T", files[0], "\(server.url)/x"]).status == 201)
      let tag = try await server.entityTag(of: "x")
      for condition in [
        "If-Match: \"nope\"", "If-Match: W/\(tag)", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
        "If-None-Match: \(tag)", "If-None-Match: W/\(tag)", "If-None-Match: *",
      ] {
        let reply = try await Curl.run(["-H", condition, "-T", files[1], "\(server.url)/x"])
        #expect(reply.isRejection(412), "\(condition): \(reply)")
        #expect(try reply.json.msg.contains(condition.prefix { $0 != ":" }), "\(reply)")
      }
      for condition in ["If-Match: *", "If-Match: \(tag)", "If-Match: \"a\""] {
        let reply = try await Curl.run(["-H", condition, "-T", files[1], "\(server.url)/none"])
        #expect(reply.isRejection(412), "\(condition): \(reply)")
      }
      #expect(try await Curl.run(["-H", "If-Match: unquoted", "-T", files[1], "\(server.url)/x"]).isRejection(400))
      #expect(try server.uploads.names() == ["x"])
      #expect(try server.uploads.read("x") == [1])
      let replaced = try await Curl.run(["-H", "If-Match: \"other\", \(tag)", "-T", files[1], "\(server.url)/x"])
      #expect(replaced.isStored("x", size: 1, status: 200), "\(replaced)")
      #expect(try await Curl.run(["-H", "If-Match: \(tag)", "-T", files[2], "\(server.url)/x"]).isRejection(412))
      #expect(try server.uploads.read("x") == [2])
      let dated = try await Curl.run([
        "-H", "If-Unmodified-Since: Fri, 31 Dec 2100 00:00:00 GMT", "-T", files[2], "\(server.url)/x",
      ])
      #expect(dated.isStored("x", size: 1, status: 200), "\(dated)")
    }
  }

  /// The file is created, or replaced, while the body of a conditional upload is on its way.
  @Test(arguments: ["If-None-Match: *", "If-Match: TAG"])
  func `a conditional upload gets 412 when another one stores the name while it runs`(condition: String) async throws {
    try await withServer(["--on-duplicate", "replace"]) { server in
      var field = condition
      let other = try server.scratch.write([9, 9], to: "other")
      if condition.hasSuffix("TAG") {
        #expect(try await Curl.run(["-T", other, "\(server.url)/x"]).status == 201)
        let tag = try await server.entityTag(of: "x")
        field = condition.replacing("TAG", with: tag)
      }
      let socket = try Socket(port: server.port)
      try await socket.send(RequestHead.bytes("PUT", "/x", ["Content-Length: 3", field]) + [1])
      try await server.events { $0.event == "progress" && ($0.bytes ?? 0) > 0 }
      let overtaking = try await Curl.run(["-T", other, "\(server.url)/x"])
      #expect(overtaking.status == 200 || overtaking.status == 201)
      try await socket.send([2, 3])
      #expect(try await socket.receiveResponses().first?.status == 412)
      try await server.failure("preconditionFailed")
      #expect(try server.uploads.names() == ["x"])
      #expect(try server.uploads.read("x") == [9, 9])
    }
  }

  @Test func `exactly one of 20 concurrent uploads with the same precondition succeeds`() async throws {
    try await withServer(["--on-duplicate", "replace"]) { server in
      for condition in ["If-None-Match: *", "If-Match: TAG"] {
        var field = condition
        if condition.hasSuffix("TAG") {
          let tag = try await server.entityTag(of: "same")
          field = condition.replacing("TAG", with: tag)
        }
        let paths = try (0..<20).map { try server.scratch.random(100_000 + $0, to: "\($0)") }
        let lines = try await Curl.runAll(
          ["--parallel", "--parallel-immediate", "--parallel-max", "20", "-H", field]
            + paths.flatMap { ["-T", $0, "\(server.url)/same", "-o", "/dev/null"] },
          format: "%{http_code}"
        )
        #expect(lines.count == 20 && lines.count { $0 == "412" } == 19, "\(lines)")
        #expect(lines.count { $0 == (condition == field ? "201" : "200") } == 1, "\(lines)")
        #expect(try server.uploads.names() == ["same"])
        let stored = try Digest.ofFile(server.uploads.file("same"))
        #expect(try paths.map { try Digest.ofFile($0) }.contains(stored))
      }
    }
  }

  @Test func `downloads with preconditions get 412, 304 or the content as RFC 9110 says`() async throws {
    try await withServer { server in
      #expect(try await Curl.run(["-T", try server.scratch.random(100, to: "f"), "\(server.url)/x"]).status == 201)
      let url = "\(server.url)/files/x"
      let tag = try await server.entityTag(of: "x")
      for range in [[], ["-r", "0-9"]] {
        #expect(try await Curl.run(range + ["-H", "If-Match: \"nope\"", url]).isRejection(412))
        #expect(
          try await Curl.run(range + ["-H", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", url]).isRejection(412)
        )
        #expect(
          try await Curl.run(range + ["-H", "If-Match: \(tag)", "-o", "/dev/null", url]).status
            == (range.isEmpty ? 200 : 206)
        )
        #expect(try await Curl.run(range + ["-H", "If-None-Match: \"b\", W/\(tag)", url]).status == 304)
      }
      let head = try await Curl.run(["--head", "-H", "If-Match: \"nope\"", url])
      #expect(head.status == 412)
      #expect(try await Curl.run(["-H", "If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT", url]).status == 304)
      #expect(try await Curl.run(["-H", "If-None-Match: unquoted", "-o", "/dev/null", url]).status == 200)
      // Without the condition it would be 404 as well (RFC 9110 section 13.2.1).
      #expect(try await Curl.run(["-H", "If-Match: *", "\(server.url)/files/none"]).isRejection(404))
    }
  }
}
