import Testing
import UploadCore
import UploadTestSupport

@testable import UploadTrials

@Suite struct CompareClientTests {
  @Test func `curl's form argument is quoted for any file name`() {
    let client = CompareClient(program: .curl, mode: .multipart)
    let arguments = client.arguments(file: #"/d/a;"b\,.bin"#, url: "http://h:1")
    #expect(arguments.suffix(3) == ["-F", #"file=@"/d/a;\"b\\,.bin""#, "http://h:1/file-upload"])
  }

  @Test func `Sluice's uploads must arrive except the buffered one`() {
    let names = CompareClient.all.filter(\.mustArrive).map(\.name)
    #expect(names == ["sluice stream", "sluice multipart", "sluice, interrupted twice"])
  }

  @Test func `only the interrupted upload is resumable`() {
    for client in CompareClient.all where client.program == .sluice {
      let arguments = client.arguments(file: "/a", url: "http://h:1")
      #expect(arguments.contains("--no-resume") == !client.isInterrupted)
      #expect(arguments.contains("resumable") == client.isInterrupted)
      #expect(arguments.suffix(2) == ["--", "/a"])
    }
  }

  @Test func `a file that was written to after the comparison began is an error`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1, 2, 3], to: "a")
      let file = try CompareFile(path)
      #expect(throws: Never.self) { try file.checkUnchanged() }
      try directory.write([1, 2, 3, 4], to: "a")
      let error = try #require(throws: UploadError.self) { try file.checkUnchanged() }
      #expect(error.code == .fileChanged)
    }
  }

  @Test func `a child's output, memory and exit status are recorded`() throws {
    var lines: [String] = []
    let script = "echo one; echo two >&2; exec sleep 0.2"
    let child = try ChildProcess("sh", ["-c", script], environment: ["PATH": "/bin:/usr/bin"]) { line, isError in
      lines.append((isError ? "error " : "output ") + line)
    }
    #expect(child.sampleMemory() > 0)
    while !child.hasEnded() { ChildProcess.pump([child], milliseconds: 10) }
    #expect(child.exit == .status(0) && child.peak > 0)
    #expect(lines.sorted() == ["error two", "output one"])
  }

  @Test func `starting a child with a missing program throws ENOENT`() {
    do {
      _ = try ChildProcess("no-such-program-anywhere", [], environment: [:], onLine: { _, _ in })
      Issue.record("started")
    } catch {
      #expect(error.number == 2)
    }
  }

  @Test func `a child's memory includes that of its own children`() throws {
    // The shell waits for a child of its own, which has 32 MiB in memory.
    let script =
      "dd if=/dev/zero bs=1M count=32 2>/dev/null | tail -c 33554432 | { sleep 0.3; cat >/dev/null; }; exit 3"
    let child = try ChildProcess("sh", ["-c", script], environment: ["PATH": "/bin:/usr/bin"], onLine: { _, _ in })
    while !child.hasEnded() {
      _ = child.sampleMemory()
      ChildProcess.pump([child], milliseconds: 5)
    }
    #expect(child.exit == .status(3) && child.peak > 32 << 20, "\(child.peak)")
  }
}
