import Foundation
import Glibc
import Testing
import UploadTestSupport

/// Targets of the dashboard in a real terminal: `--to`, recent ones, and names.
@Suite(.tmux) struct DashboardTargetTests {
  private func targets(_ tmux: Tmux) throws -> String {
    String(decoding: try tmux.scratch.read("config/sluice/targets.json"), as: UTF8.self)
  }

  @Test func `files of the command line are sent to --to, and its token is stored nowhere`() async throws {
    try await withServer(["--token", "very-secret-token"]) { server in
      try await withTmux { tmux in
        let path = try tmux.scratch.random(1 << 20, to: "given.bin")
        try await tmux.startDashboard("SLUICE_TO='\(server.url)/?token=very-secret-token'", "given.bin")
        try await tmux.shows("the upload") { $0.contains(/given.bin +(stream +)?sent/) }
        try server.expect("given.bin", equals: path)
        try await tmux.press("q")
        try await tmux.ends()
        #expect(try targets(tmux) == "{\"version\":1,\"targets\":[{\"url\":\"\(server.url)\"}]}\n")
        let found = try await ProcessRunner.run("grep", ["-r", "very-secret", tmux.scratch.file("config")])
        #expect(found.exit == .status(1), "\(found)")
      }
    }
  }

  @Test func `a target is named with Ctrl-S, offered in the next run, and typed by its name`() async throws {
    try await withServer { server in
      try await withTmux { tmux in
        let path = try tmux.scratch.random(1000, to: "a.bin")
        try await tmux.startDashboard("", "--to \(server.url)")
        try await tmux.type("\u{1B}[200~\(path)\u{1B}[201~")
        try await tmux.shows("the dialog") { $0.contains("as a stream to \(server.url)") }
        try await tmux.press("C-s")
        try await tmux.shows("for \(server.url)")
        try await tmux.type("box")
        try await tmux.press("Enter")
        try await tmux.shows("is now named box.")
        try await tmux.press("Enter")
        try await tmux.shows("the upload") { $0.contains(/a.bin +(stream +)?sent/) }
        try await tmux.press("q")
        try await tmux.ends()

        let second = try tmux.scratch.random(1000, to: "b.bin")
        try await tmux.startDashboard()
        try await tmux.type("\u{1B}[200~\(second)\u{1B}[201~")
        try await tmux.shows("this server")
        try await tmux.press("t")
        try await tmux.shows("the offer") { $0.contains("box") }
        try await tmux.type("bo")
        try await tmux.press("Tab")
        try await tmux.press("Enter")
        try await tmux.shows("the name") { $0.contains("as a stream to box (\(server.url))") }
        try await tmux.press("Enter")
        try await tmux.shows("the second upload") { $0.contains(/b.bin +(stream +)?sent/) }
        try server.expect("b.bin", equals: second)
        try await tmux.press("q")
        try await tmux.ends()
      }
    }
  }

  @Test func `a broken list of targets is reported, kept and replaced, and an unwritable one reported`() async throws {
    try await withServer { server in
      try await withTmux(width: 200) { tmux in
        let path = try tmux.scratch.random(1000, to: "a.bin")
        try await tmux.scratch.script("mkdir -p config/sluice && printf '{broken' >config/sluice/targets.json")
        try await tmux.startDashboard("", "--to \(server.url)")
        try await tmux.shows("Your targets are not used")
        try await tmux.type("\u{1B}[200~\(path)\u{1B}[201~")
        try await tmux.shows("as a stream to \(server.url)")
        try await tmux.press("Enter")
        try await tmux.shows("it is kept as")
        #expect(try tmux.scratch.read("config/sluice/targets.json.broken") == Array("{broken".utf8))
        #expect(try targets(tmux).contains(server.url))
        try await tmux.shows("the upload") { $0.contains(/a.bin +(stream +)?sent/) }
        try await tmux.press("q")
        try await tmux.ends()

        try await tmux.scratch.script("rm config/sluice/targets.json && mkdir config/sluice/targets.json")
        try await tmux.startDashboard("", "a.bin --to \(server.url)")
        try await tmux.shows("Your targets cannot be stored.")
        try await tmux.shows("the upload") { $0.contains(/a.bin +(stream +)?sent/) }
        try await tmux.press("q")
        try await tmux.ends()
      }
    }
  }

  @Test func `with --plain files are sent to --to`() async throws {
    try await withServer { server in
      try await withTemporaryDirectory { directory in
        let path = try directory.random(1000, to: "a.bin")
        let process = try Sluice.start(
          ["--plain", "a.bin", "--port", "0", "--dir", "up", "--to", server.url],
          directory: directory.path
        )
        _ = try await process.line { $0.contains(" outgoing stream \"a.bin\" sent") }
        process.signal(SIGINT)
        #expect(try await process.exit() == .status(0))
        try server.expect("a.bin", equals: path)
        #expect(try TemporaryDirectory(inside: directory.file("up")).names() == [])
      }
    }
  }
}
