import Foundation
import Testing
import UploadTestSupport

/// What the program says before it does anything, and when it cannot begin.
@Suite struct StartUpTests {
  @Test func `--version and --help print to standard output`() async throws {
    let version = try await Sluice.run(["--version"])
    #expect(version.exit == .status(0))
    #expect(version.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil, "\(version)")
    for arguments in [["--help"], ["help"], ["help", "serve"], ["serve", "--help"], ["send", "-h"]] {
      let help = try await Sluice.run(arguments)
      #expect(help.exit == .status(0))
      #expect(help.output.contains("USAGE: sluice"), "\(help)")
      #expect(help.errors == "")
    }
    let serve = try await Sluice.run(["help", "serve"])
    for option in ["--host", "--port", "--dir", "--raw-port", "--on-duplicate", "--max-size", "--grace", "--json"] {
      #expect(serve.output.contains(option), "\(option)")
    }
  }

  @Test(arguments: [
    ["serve", "--port", "65536"], ["serve", "--port", "-1"], ["serve", "--port", "http"],
    ["serve", "--raw-port", "70000"], ["serve", "--max-size", "big"], ["serve", "--max-size", "-1"],
    ["serve", "--idle-timeout", "soon"], ["serve", "--idle-timeout", "0s"], ["serve", "--grace", "3 moons"],
    ["serve", "--on-duplicate", "ask"], ["serve", "--durability", "maybe"], ["serve", "--memory-budget", "1kB"],
    ["serve", "--max-uploads", "0"], ["serve", "--nonsense"], ["serve", "file"], ["nonsense"],
    ["send", "--to", "http://127.0.0.1"], ["send", "file"], ["send", "file", "--to", "http://h", "--mode", "raw"],
    ["send", "file", "--to", "http://h", "--jobs", "0"], ["send", "-", "-", "--to", "http://h"],
    ["send", "a", "b", "--to", "http://h", "--name", "c"], ["send", "a", "--to", "http://h", "--json", "--quiet"],
    ["send", "a", "--to", "http://h", "--header", "no colon"],
    ["send", "a", "--to", "http://h", "--form-field", "files"],
    ["send", "a", "--to", "http://h", "--form-value", "a=b"],
    ["send", "a", "--to", "http://h", "--mode", "multipart", "--form-value", "noequals"],
    ["send", "a", "--to", "http://h", "--mode", "multipart", "--form-field", ""],
    ["send", "a", "--to", "http://h", "--header", "Content-Length: 5"], ["send", "a", "--to", "ftp://h"],
    ["send", "a", "--to", "http://h", "--method", "BAD METHOD"], ["headless", "--count", "0"],
    ["headless", "--modes", "raw"], ["headless", "file", "--size", "1MB"], ["sample", "--size", "1MB"],
    ["sample", "/tmp/never-made"], ["sample", "/tmp/never-made", "--size", "x"],
  ])
  func `wrong usage of any command exits with 64 and an error message`(arguments: [String]) async throws {
    let ended = try await Sluice.run(arguments)
    #expect(ended.exit == .status(64), "\(ended)")
    #expect(ended.output == "")
    #expect(ended.errors.contains("Error: "), "\(ended)")
  }

  @Test func `serve with an upload directory that is a file exits with 2`() async throws {
    try await withTemporaryDirectory { directory in
      let file = try directory.write([1], to: "file")
      for path in [file, file + "/inner"] {
        let ended = try await Sluice.run(["serve", "--port", "0", "--dir", path])
        #expect(ended.exit == .status(2))
        #expect(ended.errors.hasPrefix("sluice: \(path) is not a directory."), "\(ended)")
        #expect(ended.output == "")
      }
      #expect(try directory.read("file") == [1])
    }
  }

  @Test(.mounts) func `serve on a read-only file system exits with 2 and says so`() async throws {
    try await withTemporaryDirectory { directory in
      let script = #"mount -t tmpfs -o ro tmpfs "$0" && exec "$@""#
      let serve = [Sluice.path, "serve", "--port", "0", "--dir", directory.path]
      let ended = try await ProcessRunner.run("unshare", ["--mount", "sh", "-c", script, directory.path] + serve)
      #expect(ended.exit == .status(2))
      #expect(ended.errors.contains("is on a read-only file system"), "\(ended)")
    }
  }

  @Test(arguments: [
    ("", "The path of the directory for uploads is empty."), ("/proc", "No file can be created in /proc:"),
    ("/proc/none", "The directory /proc/none cannot be created:"),
  ])
  func `serve and headless exit with 2 for an unusable directory`(path: String, message: String) async throws {
    for command in ["serve", "headless"] {
      let ended = try await Sluice.run([command, "--port", "0", "--dir", path])
      #expect(ended.exit == .status(2))
      #expect(ended.errors.hasPrefix("sluice: \(message)"), "\(ended)")
      #expect(ended.errors.contains("--dir") && !ended.errors.contains("again"), "\(ended)")
      #expect(ended.output == "")
    }
  }

  @Test func `a generated token is printed, also in a link to the upload page for each address`() async throws {
    try await withTemporaryDirectory { directory in
      let process = try Sluice.start(["serve", "--host", "0.0.0.0", "--port", "0", "--dir", directory.file("up")])
      let line = try await process.line { $0.contains(" open http://") }
      let link = try #require(line.firstMatch(of: /http:\/\/(\S+):(\d+)\/#t=(\S+) in a browser/))
      #expect(process.output.contains("listening on http://\(link.1):\(link.2), "))
      #expect(process.output.contains("token \(link.3)"))
      let page = try await Curl.run(["http://127.0.0.1:\(link.2)/?token=\(link.3)"])
      #expect(page.status == 200 && page.body.contains("<form "), "\(page)")
      process.signal(SIGTERM)
      #expect(try await process.exit() == .status(0))
    }
  }

  /// Its user knows it, and what is not a terminal may be a log.
  @Test(.tmux) func `a configured token is printed as a link on a terminal only`() async throws {
    try await withTmux { tmux in
      try await tmux.command("clear; \(Sluice.path) serve --port 0 --dir uploads --token a-given-token")
      try await tmux.shows("the link") { $0.contains("/#t=a-given-token in a browser") }
      try await tmux.press("C-c")
      try await tmux.prompts()
    }
    try await withTemporaryDirectory { directory in
      let arguments = ["serve", "--port", "0", "--dir", directory.file("up"), "--token", "a-given-token"]
      let process = try Sluice.start(arguments)
      let line = try await process.line { $0.contains(" open http://") }
      #expect(line.hasSuffix("/ in a browser") && !line.contains("#"), "\(line)")
      process.signal(SIGTERM)
      #expect(try await process.exit() == .status(0))
      #expect(!process.output.contains("a-given-token") && !process.errors.contains("a-given-token"))
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may write everywhere"))
  func `serve with a directory that is not writable exits with 2 and says so`() async throws {
    let ended = try await Sluice.run(["serve", "--port", "0", "--dir", "/"])
    #expect(ended.exit == .status(2))
    #expect(ended.errors.contains("/ is not writable"), "\(ended)")
  }

  @Test func `a port in use exits with 2 and names the process that occupies it`() async throws {
    try await withServer(["--raw-port", "0"]) { server in
      for (option, port) in [("--port", server.port), ("--raw-port", server.rawPort)] {
        let ports = option == "--port" ? ["--port", "\(port)"] : ["--port", "0", "--raw-port", "\(port)"]
        let ended = try await Sluice.run(["serve", "--json", "--dir", server.scratch.file("other")] + ports)
        #expect(ended.exit == .status(2))
        let holder = "(by sluice, process \(server.process.processID))"
        #expect(
          ended.errors.hasPrefix("sluice: Cannot listen: port \(port) on 127.0.0.1 is taken \(holder)."),
          "\(ended)"
        )
        #expect(ended.errors.contains(option))
        #expect(ended.output == "")
      }
    }
  }

  @Test func `serve at an address of another machine exits with 2 and names --host`() async throws {
    try await withTemporaryDirectory { directory in
      // An address for documentation, which no machine has (RFC 5737).
      let ended = try await Sluice.run(["serve", "--port", "0", "--host", "192.0.2.1", "--dir", directory.path])
      #expect(ended.exit == .status(2))
      #expect(ended.errors.contains("--host"), "\(ended)")
    }
  }

  @Test func `variables set options of serve, and the command line overrides them`() async throws {
    try await withServer(environment: ["SLUICE_MAX_SIZE": "1kB", "SLUICE_RAW_PORT": "0"]) { server in
      #expect(server.rawPort > 0)
      let socket = try Socket(port: server.port)
      try await socket.send(RequestHead.bytes("PUT", "/x", ["Content-Length: 2000"]))
      #expect(try await socket.receiveResponses().first?.status == 413)
    }
    try await withServer(["--max-size", "3kB"], environment: ["SLUICE_MAX_SIZE": "1kB"]) { server in
      let socket = try Socket(port: server.port)
      try await socket.send(RequestHead.bytes("PUT", "/x", ["Content-Length: 2000"]) + SplitMix64.bytes(2000))
      #expect(try await socket.receiveResponses().first?.status == 201)
    }
    let bad = try await Sluice.run(["serve"], environment: ["SLUICE_MAX_SIZE": "big"])
    #expect(bad.exit == .status(64))
  }

  @Test func `a misspelt variable is a warning on standard error, and the server starts`() async throws {
    let variable = "SLUICE_" + "MAXSIZE"
    try await withServer(environment: [variable: "1kB"], stops: false) { server in
      server.process.signal(SIGINT)
      let exit = try await server.process.exit()
      #expect(exit == .status(0))
      #expect(
        server.process.errors
          == "sluice: warning: Unknown environment variable \(variable) is ignored. Did you mean SLUICE_MAX_SIZE?\n"
      )
    }
  }

  @Test
  func `a literal tilde in --dir or SLUICE_DIR is the home directory`() async throws {
    try await withTemporaryDirectory { directory in
      let home = try directory.directory("home")
      for (arguments, variables) in [([], ["SLUICE_DIR": "~/up"]), (["--dir=~/up"], [:])] {
        let process = try Sluice.start(
          ["serve", "--port", "0"] + arguments,
          environment: variables.merging(["HOME": home.path]) { $1 },
          directory: directory.path
        )
        _ = try await process.line { $0.contains("files go to \(home.path)/up") }
        process.signal(SIGTERM)
        #expect(try await process.exit() == .status(0))
        #expect(try home.names() == ["up"])
        #expect(try directory.names() == ["home"])
      }
    }
  }

  @Test func `serve creates a missing directory and removes leftover partial files`() async throws {
    try await withTemporaryDirectory { directory in
      let uploads = try directory.directory("uploads")
      try uploads.write([1], to: ".sluice-0123.part")
      try uploads.write([2], to: ".sluice-mine")
      try uploads.write([3], to: "kept")
      let made = directory.file("a/b/c")
      for path in [uploads.path, made] {
        let process = try Sluice.start(["serve", "--port", "0", "--dir", path])
        _ = try await process.line { $0.contains("listening") }
        process.signal(SIGTERM)
        #expect(try await process.exit() == .status(0))
      }
      #expect(try uploads.names() == [".sluice-mine", "kept"])
      #expect(try TemporaryDirectory(inside: made).names() == [])
    }
  }

  @Test func `without --json serve prints events as sentences after the time of day`() async throws {
    try await withTemporaryDirectory { directory in
      let process = try Sluice.start(["serve", "--port", "0", "--dir", directory.file("up")])
      let line = try await process.line { $0.contains(" listening on http://127.0.0.1:") }
      let port = try #require(Int(line.split(separator: ",")[0].split(separator: ":").last ?? ""))
      let socket = try Socket(port: port)
      // The name contains an escape sequence; the output line must not.
      let path = "/stream-upload?name=a%1b%5b31mb"
      try await socket.send(RequestHead.bytes("POST", path, ["Content-Length: 3"]) + [1, 2, 3])
      #expect(try await socket.receiveResponses().first?.status == 201)
      _ = try await process.line { $0.contains("\"a[31mb\" stored, 3 B") }
      process.signal(SIGINT)
      #expect(try await process.exit() == .status(0))
      #expect(process.output.contains("Stopping"))
      #expect(process.lines.allSatisfy { $0.prefixMatch(of: #/\d\d:\d\d:\d\d /#) != nil }, "\(process.output)")
      #expect(!process.output.contains("\u{1B}"))
    }
  }
}
