import Foundation
import Testing
import UploadTestSupport

/// What a client may ask of the server, and what happens when it asks for more.
@Suite(.curl) struct LimitTests {
  @Test(arguments: [["-H", "Expect:"], ["-H", "Expect: 100-continue"]])
  func `a declared length over the limit gets 413 and no 100 Continue`(expectation: [String]) async throws {
    try await withServer(["--max-size", "1MiB"]) { server in
      let path = try server.scratch.random(16 << 20, to: "large")
      let reply = try await Curl.run(["--verbose"] + expectation + ["-T", path, "\(server.url)/large"])
      #expect(reply.exit == .status(0), "\(reply)")
      #expect(reply.isRejection(413), "\(reply)")
      #expect(try reply.json.msg.contains("1 MiB"))
      #expect(!reply.errors.contains("100 Continue"))
      #expect(try server.events.allSatisfy { $0.event != "started" })
      try await server.expectEmptyAndWell()
    }
  }

  @Test func `a chunked body over the limit gets 413`() async throws {
    try await withServer(["--max-size", "1MiB"]) { server in
      let path = try server.scratch.random(16 << 20, to: "large")
      let chunked = ["-H", "Transfer-Encoding: chunked", "-H", "Expect:"]
      let reply = try await Curl.run(chunked + ["-T", path, "\(server.url)/large"])
      #expect(reply.isRejection(413), "\(reply)")
      try await server.failure("tooLarge")
      try await server.expectEmptyAndWell()
    }
  }

  @Test func `a form with one file over the limit gets 413 and stores none of its files`() async throws {
    try await withServer(["--max-size", "1MiB"]) { server in
      let small = try server.scratch.random(1000, to: "small")
      let large = try server.scratch.random(16 << 20, to: "large")
      let fields = ["-F", "a=@\(small)", "-F", "b=@\(large)"]
      let reply = try await Curl.run(["-H", "Expect:"] + fields + ["\(server.url)/file-upload"])
      #expect(reply.isRejection(413), "\(reply)")
      try await server.events(2) { $0.event == "failed" && $0.error?.code == "tooLarge" }
      try await server.expectEmptyAndWell()
    }
  }

  @Test func `a file of exactly the size limit is stored`() async throws {
    try await withServer(["--max-size", "1MiB"]) { server in
      let path = try server.scratch.random(1 << 20, to: "fits")
      #expect(try await Curl.run(["-T", path, "\(server.url)/a"]).isStored("a", size: 1 << 20))
      let chunked = try await Curl.run(["-H", "Transfer-Encoding: chunked", "-T", path, "\(server.url)/b"])
      #expect(chunked.isStored("b", size: 1 << 20))
      let form = try await Curl.run(["-F", "a=@\(path);filename=c", "\(server.url)/file-upload"])
      #expect(form.isStored("c", size: 1 << 20))
      for name in ["a", "b", "c"] { try server.expect(name, equals: path) }
    }
  }

  @Test func `with --max-uploads 1 a second concurrent upload gets 503 with Retry-After`() async throws {
    try await withServer(["--max-uploads", "1"]) { server in
      let first = try Socket(port: server.port)
      try await first.send(RequestHead.bytes("PUT", "/first", ["Content-Length: 10"]) + [1, 2, 3])
      try await server.events { $0.event == "started" }
      let second = try await Curl.run(["--verbose", "-T", try server.scratch.random(10, to: "f"), "\(server.url)/b"])
      #expect(second.isRejection(503), "\(second)")
      #expect(second.errors.lowercased().contains("< retry-after: "))
      try await first.send([4, 5, 6, 7, 8, 9, 10])
      #expect(try await first.receiveResponses().first?.status == 201)
      #expect(try server.uploads.names() == ["first"])
    }
  }

  /// Files that have come whole and wait for the rest of their form are under way too.
  @Test func `with --max-uploads 3 a form of four files gets 503, and one of three is stored`() async throws {
    try await withServer(["--max-uploads", "3"]) { server in
      let path = try server.scratch.random(100, to: "f")
      let files = (1...4).flatMap { ["-F", "file=@\(path);filename=\($0)"] }
      #expect(try await Curl.run(files + ["\(server.url)/file-upload"]).isRejection(503))
      #expect(try server.uploads.names() == [])
      #expect(try await Curl.run(files.dropLast(2) + ["\(server.url)/file-upload"]).status == 201)
      #expect(try server.uploads.names() == ["1", "2", "3"])
    }
  }

  @Test func `a raw connection over --max-connections waits until another one ends`() async throws {
    try await withServer(["--max-connections", "2", "--raw-port", "0"]) { server in
      var first: Socket? = try Socket(port: server.rawPort)
      let second = try Socket(port: server.rawPort)
      try await first?.send([1])
      try await second.send([2])
      try await server.events(2) { $0.event == "started" }
      let third = try Socket(port: server.rawPort)
      try await third.send([3])
      third.finish()
      // Another client is served completely meanwhile.
      #expect(try await Curl.run(["-T", try server.scratch.random(8 << 20, to: "f"), "\(server.url)/f"]).status == 201)
      #expect(try server.events.count { $0.event == "started" && $0.mode == "raw" } == 2)
      first = nil
      let response = try ResponseJSON(String(decoding: try await third.receive(), as: UTF8.self))
      #expect(response.files?.map(\.size) == [1])
      second.finish()
      #expect(try ResponseJSON(String(decoding: try await second.receive(), as: UTF8.self)).status == 201)
    }
  }

  @Test(arguments: CutUploadTests.Framing.allCases)
  func `an upload idle for the idle timeout gets 408 and leaves no file`(framing: CutUploadTests.Framing) async throws {
    try await withServer(["--idle-timeout", "1s"]) { server in
      let request = framing.request(size: 4 << 20)
      let socket = try Socket(port: server.port)
      try await socket.send(Array(request.bytes[..<(request.file.lowerBound + (3 << 20))]))
      let replies = HTTPResponse.parse(try await socket.receive())
      #expect(replies.map(\.status) == [408])
      #expect(try replies.first?.json.ok == false)
      try await server.failure("timedOut")
      try await eventually("the file's end") { try server.unnamedFiles == 0 }
      try await server.expectEmptyAndWell()
    }
  }

  @Test func `a connection without a complete request is closed after the idle timeout`() async throws {
    try await withServer(["--idle-timeout", "1s"]) { server in
      #expect(try await Socket(port: server.port).receive() == [])
      let half = try Socket(port: server.port)
      try await half.send("PUT /x HTTP/1.1\r\nHost: loc")
      _ = try await half.receive()
      try await server.expectEmptyAndWell()
    }
  }

  @Test func `a slow client that keeps sending is not timed out`() async throws {
    try await withServer(["--idle-timeout", "4s"]) { server in
      let socket = try Socket(port: server.port)
      try await socket.send(RequestHead.bytes("PUT", "/slow", ["Content-Length: 8"]))
      // More in all than the time-out, and much less at a time: this is about time, so time has to pass.
      try await socket.send((UInt8(0)..<8).map { [$0] }, pause: .milliseconds(600))
      #expect(try await socket.receiveResponses().first?.status == 201)
      #expect(try server.uploads.read("slow") == Array(0..<8))
    }
  }

  @Test(.mounts, arguments: ["length", "chunked", "form"])
  func `an upload larger than the free disk space gets 507 and leaves no file`(framing: String) async throws {
    try await withServer(["--min-free", "0"], prefix: SluiceServer.onTmpfs("size=8m")) { server in
      let path = try server.scratch.random(32 << 20, to: "large")
      let arguments =
        switch framing {
        case "form": ["-F", "a=@\(path)", "\(server.url)/file-upload"]
        case "chunked": ["-H", "Transfer-Encoding: chunked", "-T", path, "\(server.url)/large"]
        default: ["-T", path, "\(server.url)/large"]
        }
      let reply = try await Curl.run(["-H", "Expect:"] + arguments)
      #expect(reply.isRejection(507), "\(reply)")
      try await server.failure("diskFull")
      try await eventually("the file's end") { try server.unnamedFiles == 0 }
      try await server.expectEmptyAndWell()
      let fits = try server.scratch.random(6 << 20, to: "fits")
      #expect(try await Curl.run(["-T", fits, "\(server.url)/fits"]).isStored("fits", size: 6 << 20))
      try server.expect("fits", equals: fits)
    }
  }
}
