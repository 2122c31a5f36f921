import Foundation
import Testing
import UploadTestSupport

/// Descriptors run out, and come back.
@Suite(.curl, .bash) struct ExhaustionTests {
  @Test(arguments: [false, true])
  func `the server stores uploads again after connections have used up its descriptors`(raw: Bool) async throws {
    // The directory's place is the first argument of the prefix; `exec "$@"` leaves it to the shell.
    let limit = Self.descriptors
    let prefix = ["bash", "-c", #"ulimit -Sn \#(limit) && ulimit -Hn \#(limit) && exec "$@""#]
    try await withServer(["--raw-port", "0"], prefix: prefix) { server in
      try await exhaust(server, port: raw ? server.rawPort : server.port)
      let reply = try await Curl.run(["-T", try server.scratch.random(2_000_000, to: "f"), "\(server.url)/f"])
      #expect(reply.isStored("f", size: 2_000_000), "\(reply)")
      let socket = try Socket(port: server.rawPort)
      try await socket.send("abc")
      socket.finish()
      #expect(try ResponseJSON(String(decoding: try await socket.receive(), as: UTF8.self)).status == 201)
    }
  }

  private static let descriptors = 96

  /// Opens more connections than the server can have descriptors, and closes them once it accepts no more.
  private func exhaust(_ server: SluiceServer, port: Int) async throws {
    let before = try server.descriptors.count
    var sockets: [Socket] = []
    for _ in 0..<100 { sockets.append(try Socket(port: port)) }
    for socket in sockets.prefix(20) { try? await socket.send("P") }
    try await eventually("the last connection that is taken") { try server.descriptors.count >= before + 4 }
    // The last ones are for what libraries open: one that cannot may end the process.
    #expect(try server.descriptors.count <= Self.descriptors - 24)
    sockets.removeAll()
  }

  /// The files of a form are open until the form is complete, so a form of more files than free descriptors is
  /// rejected.
  @Test func `a form with more files than free descriptors gets 503, and the next form is stored`() async throws {
    let limit = Self.descriptors
    try await withServer(prefix: ["bash", "-c", #"ulimit -n \#(limit) && exec "$@""#]) { server in
      let path = try server.scratch.random(1000, to: "f")
      let parts = (0..<40).flatMap { ["-F", "f\($0)=@\(path)"] }
      #expect(try await Curl.run(parts + ["\(server.url)/file-upload"]).isRejection(503))
      #expect(try server.uploads.names() == [])
      let good = try await Curl.run(["-F", "f=@\(path)", "\(server.url)/file-upload"])
      #expect(good.isStored("f", size: 1000), "\(good)")
    }
  }

  /// Files of forms and connections together must leave the descriptors that libraries need.
  @Test func `forms of many files and many connections together leave 24 descriptors free`() async throws {
    let limit = 256
    try await withServer(prefix: ["bash", "-c", #"ulimit -n \#(limit) && exec "$@""#]) { server in
      let before = try server.sockets
      let part = "--Z\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f\"\r\n\r\nabc\r\n"
      let head = ["Content-Type: multipart/form-data; boundary=Z", "Content-Length: 1000000"]
      var forms: [Socket] = []
      for _ in 0..<3 {
        let socket = try Socket(port: server.port)
        try await socket.send(RequestHead.bytes("POST", "/file-upload", head))
        try await socket.send(String(repeating: part, count: 60) + "--Z\r\n")
        forms.append(socket)
      }
      // There is room for one of the three.
      try await server.events { $0.event == "failed" && $0.error?.code == "tooManyUploads" }
      var sockets: [Socket] = []
      for _ in 0..<limit { sockets.append(try Socket(port: server.port)) }
      for socket in sockets.prefix(20) { try? await socket.send(RequestHead.bytes("GET", "/files")) }
      try await eventually("the last connection that is taken") { try server.sockets >= before + 50 }
      #expect(try server.descriptors.count <= limit - 24)
      sockets.removeAll()
      forms.removeAll()
      try await eventually("the end of all") { try server.sockets <= before }
      let path = try server.scratch.random(1000, to: "f")
      let good = try await Curl.run(["-F", "f=@\(path)", "\(server.url)/file-upload"])
      #expect(good.isStored("f", size: 1000), "\(good)")
    }
  }

  /// Inherited descriptors occupy numbers as well, and the server does not count them.
  @Test func `with many inherited descriptors the server closes connections to keep 24 free`() async throws {
    let script = #"ulimit -n 128; for n in $(seq 30 100); do eval "exec $n</dev/null"; done; exec "$@""#
    try await withServer(prefix: ["bash", "-c", script]) { server in
      let before = try server.sockets
      var sockets: [Socket] = []
      for _ in 0..<40 { sockets.append(try Socket(port: server.port)) }
      // Some are closed at once, while others stay.
      try await eventually("the end of a connection") {
        sockets.contains { $0.isAtEnd }
      }
      try await eventually("sockets with other numbers alone") { try server.highestSocket < 128 - 24 }
      sockets.removeAll()
      try await eventually("the end of all") { try server.sockets <= before }
      let path = try server.scratch.random(1000, to: "f")
      #expect(try await Curl.run(["-T", path, "\(server.url)/f"]).isStored("f", size: 1000))
    }
  }

  @Test(arguments: CutUploadTests.Framing.allCases)
  func `a file over ulimit -f gets 413, and another upload finishes`(framing: CutUploadTests.Framing) async throws {
    // In units of 1 KiB. Beside the error the system sends a signal, which must not end the program.
    try await withServer(prefix: ["bash", "-c", #"ulimit -f 2048 && exec "$@""#]) { server in
      let good = try Socket(port: server.port)
      try await good.send(RequestHead.bytes("PUT", "/good", ["Content-Length: 6"]) + [1, 2, 3])
      try await server.events { $0.event == "started" }
      let large = try Socket(port: server.port)
      try? await large.send(framing.request(size: 5_000_000).bytes)
      large.finish()
      #expect(HTTPResponse.parse(try await large.receive()).first?.status == 413)
      try await server.failure("tooLarge")
      try await eventually("the file's end") { try server.unnamedFiles == 0 }
      try await good.send([4, 5, 6])
      #expect(try await good.receiveResponses().first?.status == 201)
      #expect(try server.uploads.names() == ["good"])
      #expect(try server.uploads.read("good") == [1, 2, 3, 4, 5, 6])
    }
  }

  @Test func `128 stalled clients do not block other uploads in a memory budget of 4 MiB`() async throws {
    // Slabs of 64 KiB: half as many clients could occupy them all.
    let options = ["--memory-budget", "4MiB", "--idle-timeout", "10m"]
    let bytes = SplitMix64.bytes(200_000)
    let sent = 30_000
    try await withServer(options) { server in
      var stalled: [Socket] = []
      for number in 0..<128 {
        let socket = try Socket(port: server.port)
        let head = RequestHead.bytes("PUT", "/stalled-\(number)", ["Content-Length: \(bytes.count)"])
        try await socket.send(head + bytes.prefix(sent))
        stalled.append(socket)
      }
      try await server.events(stalled.count) { $0.event == "started" }
      let paths = try (0..<8).map { try server.scratch.random(3 << 20, to: "\($0)") }
      let transfers = paths.indices.flatMap { ["-T", paths[$0], "\(server.url)/f\($0)", "-o", "/dev/null"] }
      let lines = try await Curl.runAll(
        ["--parallel", "--parallel-immediate", "--parallel-max", "8"] + transfers,
        format: "%{http_code}"
      )
      #expect(lines == paths.map { _ in "201" })
      for (number, path) in paths.enumerated() { try server.expect("f\(number)", equals: path) }
      for socket in stalled { try await socket.send(Array(bytes.dropFirst(sent))) }
      for (number, socket) in stalled.enumerated() {
        #expect(try await socket.receiveResponses().first?.status == 201)
        #expect(try Digest.ofFile(server.uploads.file("stalled-\(number)")) == Digest.of(bytes))
      }
    }
  }

  @Test func `uploads that fail in various ways do not disturb a running one`() async throws {
    try await withServer(["--max-size", "2MB"]) { server in
      let good = try Socket(port: server.port)
      try await good.send(RequestHead.bytes("PUT", "/good", ["Content-Length: 6"]) + [1, 2, 3])
      try await server.events { $0.event == "started" }
      // Too large, broken, cut and reset, all while the good one waits.
      let large = try server.scratch.random(5_000_000, to: "large")
      #expect(
        try await Curl.run(["-H", "Transfer-Encoding: chunked", "-T", large, "\(server.url)/l"]).isRejection(413)
      )
      for bytes in [
        "PUT /b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nXX\r\n", "\u{0}\u{0}\r\n\r\n",
      ] {
        let socket = try Socket(port: server.port)
        try await socket.send(bytes)
        #expect(try await socket.receiveResponses().first?.status == 400)
      }
      do {
        let socket = try Socket(port: server.port)
        try await socket.send(RequestHead.bytes("PUT", "/r", ["Content-Length: 900000"]) + [9])
        try await server.events { $0.event == "started" && $0.name == "r" }
        socket.resetOnClose()
      }
      try await server.events { $0.event == "failed" && $0.error?.code == "clientGone" }
      try await good.send([4, 5, 6])
      #expect(try await good.receiveResponses().first?.status == 201)
      #expect(try server.uploads.read("good") == [1, 2, 3, 4, 5, 6])
      #expect(try server.uploads.names() == ["good"])
    }
  }
}
