import Foundation
import Testing
import UploadTestSupport

@testable import DashboardApp

@Suite struct TmuxClipboardTests {
  /// A program in place of tmux; it runs in the directory of the test only by what it names itself.
  private func clipboard(_ script: String, in directory: TemporaryDirectory) throws -> TmuxClipboard {
    let path = directory.file("tmux")
    try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    let environment = ["TMUX": "/tmp/tmux,1,0", "PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]
    return try #require(TmuxClipboard(environment, program: path))
  }

  @Test func `outside of tmux there is none`() {
    #expect(TmuxClipboard([:]) == nil && TmuxClipboard(["TMUX": ""]) == nil)
    #expect(TmuxClipboard(["TMUX": "/tmp/tmux-0/default,1,0"]) != nil)
  }

  @Test func `the text reaches load-buffer -w on its standard input, with TMUX in the environment`() async throws {
    try await withTemporaryDirectory { directory in
      let out = directory.file("out")
      let clipboard = try clipboard("{ echo \"$* $TMUX\"; cat; } >'\(out)'", in: directory)
      #expect(clipboard.copy("http://h/#t=secret é"))
      #expect(
        try String(contentsOfFile: out, encoding: .utf8) == "load-buffer -w - /tmp/tmux,1,0\nhttp://h/#t=secret é"
      )
    }
  }

  @Test func `an older tmux without -w gets the text without it`() async throws {
    try await withTemporaryDirectory { directory in
      let out = directory.file("out")
      let clipboard = try clipboard("[ \"$2\" = - ] || exit 1; cat >'\(out)'", in: directory)
      #expect(clipboard.copy("text"))
      #expect(try String(contentsOfFile: out, encoding: .utf8) == "text")
    }
  }

  @Test func `a tmux that fails, does not read or does not exist accepts nothing`() async throws {
    try await withTemporaryDirectory { directory in
      let failing = try clipboard("exit 1", in: directory)
      #expect(!failing.copy("text"))
      let missing = try #require(TmuxClipboard(["TMUX": "x"], program: directory.file("none")))
      #expect(!missing.copy("text"))
      let reading = try clipboard("cat >/dev/null", in: directory)
      #expect(!reading.copy(String(repeating: "x", count: 1 << 20)), "longer than the buffer of a pipe")
    }
  }

  @Test func `a tmux that hangs is killed after two seconds`() async throws {
    try await withTemporaryDirectory { directory in
      let hanging = try clipboard("exec sleep 1000", in: directory)
      let start = ContinuousClock.now
      #expect(!hanging.copy("text"))
      #expect(ContinuousClock.now - start < .seconds(30))
    }
  }
}
