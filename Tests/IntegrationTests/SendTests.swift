import Glibc
import Testing
import UploadTestSupport

/// `sluice send` to a real server: what arrives, what it prints, how it ends.
@Suite struct SendTests {
  @Test(arguments: ["stream", "multipart", "buffered"])
  func `send delivers files of all sizes intact in every mode`(mode: String) async throws {
    try await withServer { server in
      let sizes = [0, 1, 70_000, 3 << 20, 20_000_001]
      let paths = try sizes.map { try server.scratch.random($0, to: "grüße \($0) %41.bin") }
      let ended = try await Sluice.run(["send", "--json", "--mode", mode, "--jobs", "3", "--to", server.url] + paths)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(ended.errors == "")
      for (path, size) in zip(paths, sizes) { try server.expect("grüße \(size) %41.bin", equals: path) }
      #expect(try server.uploads.visibleNames().count == sizes.count)
      let summary = try #require(try ended.events.last)
      #expect(summary.event == "summary" && summary.ok == true)
      #expect(summary.uploads?.map(\.bytes) == sizes.map { UInt64($0) })
      #expect(summary.uploads?.allSatisfy { $0.verdict == "accepted" } == true)
      // Of those in the mode stream only a large one is resumable.
      let modes = mode == "stream" ? Array(repeating: mode, count: 4) + ["resumable"] : sizes.map { _ in mode }
      #expect(summary.uploads?.map(\.mode) == modes)
      let incoming = try await server.events(sizes.count) { $0.event == "finished" }
      let incomingModes = modes.map { $0 == "buffered" ? "multipart" : $0 }
      #expect(incoming.compactMap(\.mode).sorted() == incomingModes.sorted())
    }
  }

  @Test(arguments: ["send", "dashboard --plain --port 0 --dir up"])
  func `send and the dashboard send a file whose name is not UTF-8`(command: String) async throws {
    try await withTemporaryDirectory { directory in
      let (listener, port) = try Socket.listening()
      let isSend = command == "send"
      let script = #"""
        cd "$1" && name=$(printf 'caf\351') && printf content > "$name" && exec "$0" \#(command) "$name" $2
        """#
      let target = isSend ? "--to http://127.0.0.1:\(port)/in/" : ""
      let sending = try ProcessRunner("sh", ["-c", script, Sluice.path, directory.path, target])
      if isSend {
        let connection = try await listener.accept()
        let head = try await connection.receiveRequest(body: 7)
        #expect(head.hasPrefix("PUT /in/caf%E9 HTTP/1.1\r\n"), "\(head)")
        try await connection.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.finish()
      } else {
        _ = try await sending.line { $0.contains(" outgoing ") && $0.contains(" sent,") }
        sending.signal(SIGTERM)
      }
      #expect(try await sending.exit() == .status(0))
      #expect(sending.output.contains(#"outgoing stream "caf\xE9" sent"#), "\(sending.output)")
    }
  }

  @Test func `JSON lines of send, and the first one of serve, have the documented keys in order`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(64 << 20, to: "a.bin")
      let arguments = ["send", "--json", "--interval", "1ms", "--to", server.url, path]
      let ended = try await Sluice.run(arguments)
      #expect(ended.exit == .status(0), "\(ended)")
      let lines = ended.output.split(separator: "\n").map(String.init)
      let keys = [
        "started": "event id request direction mode name size sizeExact remote declaredType",
        "progress": "event id direction state bytes stored durable speed speedAvg eta residentBytes time bottleneck "
          + "attempt retryIn",
        "finished": "event id direction mode name path bytes seconds peakResidentBytes type declaredType detectedType "
          + "sha256 time bottleneck",
        "process": "event rss rssPeak slabBytes budget", "summary": "event ok uploads rssPeak counts failures",
      ]
      for (line, event) in zip(lines, try ended.events) {
        let expected = try #require(keys[event.event], "\(line)")
        // Short uploads have no link.
        let found = EventLine.keys(of: line).filter { $0 != "link" }
        #expect(found == expected.split(separator: " ").map(String.init), "\(line)")
      }
      let kinds = try ended.events.map(\.event)
      #expect(kinds.first == "started" && kinds.last == "summary")
      #expect(Set(kinds).isSuperset(of: ["started", "finished", "process", "summary"]))
      let entry = #/"uploads":\[(?<entry>\{.*?\})\]/#
      let first = try #require(try entry.firstMatch(in: lines.last ?? ""))
      #expect(
        EventLine.keys(of: String(first.output.entry)) == [
          "id", "mode", "name", "bytes", "seconds", "speedAvg", "clientPeakResidentBytes", "serverPeakResidentBytes",
          "detectedType", "sha256", "verdict", "time",
        ]
      )
      let incoming = server.process.lines.filter { !$0.contains("\"outgoing\"") }
      let listening = try #require(incoming.first)
      #expect(
        EventLine.keys(of: listening) == [
          "event", "url", "links", "rawPort", "dir", "pid", "token", "adminToken", "fingerprint", "unfinished",
        ]
      )
      #expect(listening.contains("\"token\":null,\"adminToken\":null,\"fingerprint\":null"))
    }
  }

  @Test func `standard input is sent under the name of --name, otherwise as stdin.bin`() async throws {
    try await withServer { server in
      for (mode, size) in [("stream", 0), ("stream", 300_000), ("multipart", 300_001), ("buffered", 300_002)] {
        let bytes = SplitMix64.bytes(size)
        let name = "\(mode)-\(size).bin"
        let arguments = ["send", "-", "--name", name, "--mode", mode, "--to", server.url]
        let ended = try await Sluice.run(arguments, input: bytes)
        #expect(ended.exit == .status(0), "\(ended)")
        #expect(try server.uploads.read(name) == bytes)
      }
      let unnamed = try await Sluice.run(["send", "-", "--to", server.url], input: [1, 2, 3])
      #expect(unnamed.exit == .status(0))
      #expect(try server.uploads.read("stdin.bin") == [1, 2, 3])
    }
  }

  @Test func `a large pipe at standard input is stored unchanged with both resumable protocols`() async throws {
    try await withServer { server in
      let bytes = SplitMix64.bytes(20_000_000)
      for (path, size) in [("", 20_000_000), ("/uploads", 20_000_000), ("", 9_000_000), ("/uploads", 9_000_000)] {
        let name = "pipe-\(size)\(path.isEmpty ? "-rufh" : "-tus").bin"
        let limit = size == 9_000_000 ? ["--max-request", "4MB"] : []
        let arguments = ["send", "-", "--mode", "resumable", "--name", name, "--to", server.url + path] + limit
        let ended = try await Sluice.run(arguments, input: Array(bytes.prefix(size)))
        #expect(ended.exit == .status(0), "\(ended)")
        #expect(try server.uploads.read(name) == Array(bytes.prefix(size)))
      }
    }
  }

  @Test func `send --quiet prints only failures, on standard error`() async throws {
    try await withServer(["--max-size", "1kB"]) { server in
      let small = try server.scratch.random(10, to: "small")
      let good = try await Sluice.run(["send", "--quiet", small, "--to", server.url])
      #expect(good.exit == .status(0))
      #expect(good.output == "" && good.errors == "")
      let large = try server.scratch.random(5000, to: "large")
      let bad = try await Sluice.run(["send", "--quiet", small, large, "--to", server.url])
      #expect(bad.exit == .status(1))
      #expect(bad.output == "")
      #expect(bad.errors.contains("large") && bad.errors.contains("HTTP 413"), "\(bad)")
    }
  }

  @Test func `plain output has a sentence for each upload and a summary of several`() async throws {
    try await withServer { server in
      let paths = try ["one", "two"].map { try server.scratch.random(10, to: $0) }
      let ended = try await Sluice.run(["send", "--to", server.url] + paths)
      #expect(ended.exit == .status(0))
      for name in ["one", "two"] {
        #expect(ended.output.contains("outgoing stream \"\(name)\" sent, 10 B"), "\(ended)")
      }
      #expect(ended.output.contains("2 uploads, all successful"))
      #expect(!ended.output.contains("\u{1B}"))
    }
  }

  @Test func `a URL that ends in a slash is extended by the file's name and gets PUT, others get POST`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(1000, to: "a b.bin")
      let put = try await Sluice.run(["send", path, "--to", "\(server.url)/inbox/"])
      #expect(put.exit == .status(0), "\(put)")
      try server.expect("inbox/a b.bin", equals: path)
      let post = try await Sluice.run(["send", path, "--to", "\(server.url)/stream-upload?name=c"])
      #expect(post.exit == .status(0), "\(post)")
      try server.expect("c", equals: path)
      let method = try await Sluice.run(["send", path, "--to", "\(server.url)/d", "--method", "PUT"])
      #expect(method.exit == .status(0), "\(method)")
      try server.expect("d", equals: path)
      let nowhere = try await Sluice.run(["send", path, "--to", "\(server.url)/nowhere"])
      #expect(nowhere.exit == .status(1))
      #expect(try server.uploads.names() == ["c", "d", "inbox"])
    }
  }

  @Test func `variables set options of send, and the command line overrides them`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(10, to: "f")
      let environment = ["SLUICE_TO": server.url, "SLUICE_MODE": "multipart", "SLUICE_JSON": "1"]
      let ended = try await Sluice.run(["send", path], environment: environment)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try ended.events.last?.uploads?.map(\.mode) == ["multipart"])
      let port = try HeldPort()
      let unused = "http://127.0.0.1:\(port.number)"
      let wins = try await Sluice.run(
        ["send", path, "--to", unused, "--mode", "stream", "--retry", "0"],
        environment: environment
      )
      #expect(wins.exit == .status(1))
      #expect(try wins.events.first { $0.event == "failed" }?.error?.code == "connectionRefused")
      #expect(try wins.events.last?.uploads?.map(\.mode) == ["stream"])
      #expect(try server.uploads.names() == ["f"])
    }
  }

  @Test func `send declares the type of --type, otherwise that of the file's name`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(10, to: "f.png")
      for (arguments, type) in [([], "image/png"), (["--type", "text/x-own"], "text/x-own")] {
        let ended = try await Sluice.run(["send", path, "--to", server.url] + arguments)
        #expect(ended.exit == .status(0))
        try await server.events { $0.event == "finished" && $0.declaredType == type }
      }
    }
  }

  @Test func `send with a missing file and a pipe sends the other file and exits with 1`() async throws {
    try await withServer { server in
      let good = try server.scratch.random(1000, to: "good")
      let missing = server.scratch.file("missing")
      mkfifo(server.scratch.file("pipe"), 0o600)
      let arguments = ["send", "--json", "--to", server.url, missing, good, server.scratch.file("pipe")]
      let ended = try await Sluice.run(arguments)
      #expect(ended.exit == .status(1))
      #expect(try ended.events.last?.uploads?.map(\.verdict) == ["failed", "accepted", "failed"])
      let failures = try ended.events.compactMap(\.error)
      #expect(failures.map(\.code) == ["unreadableFile", "unreadableFile"])
      #expect(failures.contains { $0.message.contains("There is no file") && $0.message.contains("missing") })
      #expect(failures.contains { $0.message.contains("is a pipe") })
      try server.expect("good", equals: good)
      #expect(try server.uploads.names() == ["good"])
    }
  }

  @Test func `a file that cannot be opened fails without a started event`() async throws {
    try await withTemporaryDirectory { directory in
      // Nothing listens there: the file is looked at before a connection is made.
      mkfifo(directory.file("pipe"), 0o600)
      let arguments = ["send", directory.file("nothere"), directory.file("pipe"), "--to", "http://127.0.0.1:1"]
      let ended = try await Sluice.run(arguments)
      #expect(ended.exit == .status(1))
      #expect(!ended.output.contains("started") && !ended.errors.contains("started"), "\(ended)")
      #expect(ended.errors.contains("There is no file") && ended.errors.contains("is a pipe"), "\(ended)")
      let events = try EventLine.decode(try await Sluice.run(arguments + ["--json"]).output)
      #expect(events.map(\.event).filter { $0 != "process" } == ["failed", "failed", "summary"])
    }
  }

  @Test func `SIGINT cancels the upload of send and exits with 130`() async throws {
    try await withServer { server in
      let process = try Sluice.start(["send", "-", "--json", "--no-resume", "--name", "x", "--to", server.url])
      // Standard input is not closed: the upload cannot end by itself.
      try process.send(SplitMix64.bytes(500_000))
      try await server.events { $0.event == "started" }
      process.signal(SIGINT)
      #expect(try await process.exit() == .status(130))
      let events = try EventLine.decode(process.output)
      #expect(events.contains { $0.event == "cancelled" && $0.direction == "outgoing" })
      #expect(events.last?.uploads?.map(\.verdict) == ["cancelled"])
      try await server.events { $0.event == "failed" }
      #expect(try server.uploads.names() == [])
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything"))
  func `send reports a file without read permission and exits with 1`() async throws {
    try await withTemporaryDirectory { directory in
      let locked = try directory.write([1], to: "locked")
      chmod(locked, 0)
      let ended = try await Sluice.run(["send", "--json", locked, "--to", "http://127.0.0.1:1"])
      #expect(ended.exit == .status(1))
      #expect(try ended.events.compactMap(\.error).first?.message.contains("may not be read") == true)
    }
  }
}
