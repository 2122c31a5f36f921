import ArgumentParser
import DashboardApp
import HTTPExchange
import TerminalUI
import Testing
import UploadClient
import UploadCore
import UploadProtocol
import UploadServer
import UploadStorage

@testable import SluiceCLI

@Suite struct CommandParsingTests {
  @Test func `serve has the defaults that its help states`() throws {
    let command = try ServeCommand.parse([])
    #expect(command.place.port == 8080)
    #expect(command.place.dir == "./uploads")
    #expect(command.server.address.host == "127.0.0.1")
    #expect(command.server.limits.memoryBudget.value.bytes == 256 << 20)
    #expect(command.server.limits.idleTimeout.value == .seconds(30))
    #expect(command.server.limits.stallAfter.value == .seconds(5))
    #expect(command.server.limits.grace.value == .seconds(30))
    #expect(command.output.interval.value == .milliseconds(500))
    let help = SluiceCommand.helpMessage(for: ServeCommand.self, columns: 200)
    for value in ["8080", "./uploads", "127.0.0.1", "256MiB", "30s", "5s", "500ms", "4096", "8192"] {
      #expect(help.contains("default: \(value)"), "\(value)")
    }
  }

  @Test func `the help of serve shows its options in nine groups`() {
    let help = SluiceCommand.helpMessage(for: ServeCommand.self, columns: 120)
    let headings = help.split(separator: "\n").filter { $0.hasSuffix(":") && !$0.hasPrefix(" ") }
    let groups = [
      "SERVER:", "STORED FILES:", "LIMITS:", "TLS:", "ACCESS:", "UPLOAD PAGE:", "OBJECT STORE:", "OUTPUT:", "OPTIONS:",
    ]
    #expect(headings.map(String.init) == groups)
  }

  @Test func `the dashboard notifies of ends only if asked to, by bell or on the desktop`() throws {
    #expect(try DashboardCommand.parse([]).notify == .none)
    for mode in NotificationMode.allCases {
      #expect(try DashboardCommand.parse(["--notify", mode.rawValue]).notify == mode)
    }
    #expect(throws: (any Error).self) { try DashboardCommand.parse(["--notify", "loud"]) }
  }

  @Test func `a QR code cannot be combined with JSON lines, which are for programs`() throws {
    #expect(try ServeCommand.parse(["--qr"]).output.qr)
    #expect(try !ServeCommand.parse([]).output.qr)
    let error = #expect(throws: (any Error).self) { try ServeCommand.parse(["--qr", "--json"]) }
    let message = ServeCommand.message(for: try #require(error))
    #expect(message.contains("--qr prints a code for a camera"))
  }

  @Test func `options of serve become the server's configuration`() throws {
    let command = try ServeCommand.parse([
      "--host", "::1", "--raw-port", "0", "--on-duplicate", "error", "--durability", "none", "--memory-budget", "8MiB",
      "--max-size", "1.5GB", "--max-uploads", "3", "--max-files", "7",
      "--max-connections", "4", "--idle-timeout", "1m", "--grace", "0s", "--flat", "--no-times",
    ])
    let configuration = try command.server.configuration(port: 7)
    #expect(configuration.host == "::1")
    #expect(configuration.port == 7)
    #expect(configuration.rawPort == 0)
    #expect(configuration.maxConnections == 4)
    #expect(configuration.limits.maxSize?.bytes == 1_500_000_000)
    #expect(configuration.limits.maxUploads == 3)
    #expect(!configuration.limits.paths.keepsDirectories && !configuration.limits.paths.keepsTimes)
    #expect(configuration.limits.form.files == 7)
    #expect(try ServeCommand.parse([]).server.configuration(port: 7).limits.form.files == 1000)
    for value in ["0", "-1", "10001"] {
      #expect(throws: (any Error).self) { try ServeCommand.parse(["--max-files", value]) }
    }
    #expect(configuration.limits.idleTimeout == .seconds(60))
    #expect(configuration.limits.grace == .zero)
    #expect(command.server.files.storage.onDuplicate == .error)
    #expect(command.server.files.storage.durability == .none)
  }

  @Test(arguments: [
    (["--port", "65536"], "from 0 to 65535"), (["--raw-port", "-1"], "raw-port"),
    (["--memory-budget", "1MiB"], "--memory-budget 1MiB is too small. Give at least 4 MiB"),
    (["--memory-budget", "lots"], "64KiB"), (["--idle-timeout", "soon"], "30s"), (["--idle-timeout", "0"], "above 0"),
    (["--max-uploads", "0"], "of at least 1"), (["--on-duplicate", "ask"], "on-duplicate"), (["--what"], "--what"),
  ])
  func `an invalid option of serve is rejected with a hint at what is valid`(arguments: [String], hint: String) {
    expectUsageError(arguments, of: ServeCommand.self, hint: hint)
  }

  @Test(arguments: ["abc", "1.5", "0x10", "-1", "65536", "99999999999999999999"])
  func `an invalid port is reported with the range of ports`(text: String) {
    for option in ["--port", "--raw-port"] {
      let message = "The value '\(text)' is invalid for '\(option) <port>': A port is a number from 0 to 65535."
      expectUsageError(["\(option)=\(text)"], of: ServeCommand.self, hint: message)
    }
    expectUsageError(["--port=\(text)"], of: HeadlessCommand.self, hint: "A port is a number from 0 to 65535.")
  }

  @Test func `an invalid count is reported with its range`() {
    let send = ["f", "--to", "http://h"]
    for text in ["many", "-1", "1.5"] {
      for option in ["--max-uploads", "--max-uploads-per-client", "--max-connections"] {
        let message = "The value '\(text)' is invalid for '\(option) <count>': A count is a number of at least 1."
        expectUsageError(["\(option)=\(text)"], of: ServeCommand.self, hint: message)
      }
      expectUsageError(["--max-files=\(text)"], of: ServeCommand.self, hint: "A count is a number from 1 to 10000.")
      expectUsageError(send + ["--jobs=\(text)"], of: SendCommand.self, hint: "A count is a number from 1 to 10000.")
      expectUsageError(send + ["--retry=\(text)"], of: SendCommand.self, hint: "A count is a number of at least 0.")
      expectUsageError(["--count=\(text)"], of: HeadlessCommand.self, hint: "A count is a number from 1 to 10000.")
      expectUsageError(["f", "--runs=\(text)"], of: CompareCommand.self, hint: "A count is a number from 1 to 1000.")
    }
  }

  @Test func `the greeting of the upload page may have several text lines, and is checked`() throws {
    let serve = try ServeCommand.parse(["--greeting", " Hello\n\u{202E}you "])
    #expect(try serve.server.configuration(port: 0).page.greeting == "Hello\n\u{FFFD}you")
    #expect(try ServeCommand.parse([]).server.configuration(port: 0).page.greeting == nil)
    expectUsageError(["--greeting", " "], of: ServeCommand.self, hint: "The greeting is empty.")
    let long = String(repeating: "a", count: 501)
    expectUsageError(["--greeting", long], of: DashboardCommand.self, hint: "Write at most 500.")
  }

  @Test func `the lowest and the highest port and count are accepted`() throws {
    #expect(try ServeCommand.parse(["--port", "0", "--raw-port", "65535"]).server.address.rawPort == 65_535)
    let send = try SendCommand.parse(["f", "--to", "http://h", "--jobs", "10000", "--retry", "0"])
    #expect(send.jobs == 10_000 && send.retry == 0)
    #expect(try ServeCommand.parse(["--max-uploads", "1"]).server.limits.maxUploads == 1)
  }

  @Test(arguments: [
    (["f"], "--to"), (["--to", "http://h"], "file"), (["f", "--to", "ftp://h"], "http"),
    (["f", "--to", "https://h", "--fingerprint", "ab"], "SHA-256"), (["-", "-", "--to", "http://h"], "once"),
    (["a", "b", "--name", "c", "--to", "http://h"], "single"),
    (["f", "--to", "http://h", "--jobs", "0"], "from 1 to 10000"),
    (["f", "--to", "http://h", "--json", "--quiet"], "exclude"), (["f", "--to", "http://h", "--mode", "x"], "mode"),
    (["f", "--to", "http://h", "--header", "nonsense"], "header"),
    (["/tmp", "--to", "http://h", "--name", "c"], "is a directory"),
    (["/tmp", "--to", "http://h/inbox"], "must end in /"),
    (["/tmp", "--to", "http://h/inbox/", "--mode", "multipart"], "--mode stream"),
    (["f", "--to", "http://h/inbox/", "--skip-existing"], "needs the listing of a Sluice server"),
    (["f", "--to", "http://h/files/d", "--skip-existing"], "needs the listing of a Sluice server"),
    (["f", "--to", "http://h", "--dry-run", "--quiet"], "exclude"),
    (["f", "--to", "http://h", "--exclude", "a[b"], "without a ]"),
    (["f", "--to", "http://h", "--exclude", ""], "names nothing"),
  ])
  func `send rejects invalid arguments with the reason`(arguments: [String], hint: String) {
    expectUsageError(arguments, of: SendCommand.self, hint: hint)
  }

  @Test
  func `send, headless and the dashboard accept --fingerprint; --ca excludes it and needs an existing file`() throws {
    let pin = String(repeating: "ab", count: 32)
    let wanted = ServerTrust.pinned(try CertificateFingerprint(pin))
    let trust = ["--fingerprint", pin]
    #expect(try DashboardCommand.parse(trust).trusted.trust == wanted)
    #expect(try HeadlessCommand.parse(trust).trusted.trust == wanted)
    #expect(try SendCommand.parse(["/dev/null", "--to", "https://h"] + trust).trusted.trust == wanted)
    #expect(try DashboardCommand.parse([]).trusted.trust == .system)
    expectUsageError(["--ca", "/nowhere.pem"], of: DashboardCommand.self, hint: "/nowhere.pem")
    expectUsageError(trust + ["--ca", "/dev/null"], of: DashboardCommand.self, hint: "exclude")
  }

  @Test func `the dashboard accepts 10,000 files and rejects 10,001`() throws {
    var command = try DashboardCommand.parse([])
    command.files = Array(repeating: "/dev/null", count: UploadQueueState.limit)
    try command.validate()
    command.files.append("/dev/null")
    let error = #expect(throws: ValidationError.self) { try command.validate() }
    #expect(error?.message.contains("10001 files exceed the queue's limit of 10000") == true)
  }

  @Test(arguments: [
    (["--modes", "stream,fast"], "stream, multipart, buffered, resumable"), (["--modes", ""], "modes"),
    (["a.bin", "--size", "1"], "generated"), (["-"], "Standard input"), (["--count", "0"], "--count"),
  ])
  func `headless rejects invalid arguments with the reason`(arguments: [String], hint: String) {
    expectUsageError(arguments, of: HeadlessCommand.self, hint: hint)
  }

  @Test(arguments: [
    ([], "--size 1.9GB"), (["a", "--size", "1"], "--size 1.9GB"), (["-"], "Standard input"),
    (["a", "--runs", "0"], "--runs"),
    (["a", "--max-memory", "much"], "64KiB"), (["a", "b"], "b"),
  ])
  func `compare rejects invalid arguments with the reason`(arguments: [String], hint: String) {
    expectUsageError(arguments, of: CompareCommand.self, hint: hint)
  }

  @Test func `headless parses a list of modes, by default all four`() throws {
    #expect(try HeadlessCommand.parse([]).test.modes == [.stream, .multipart, .buffered, .resumable])
    #expect(try HeadlessCommand.parse(["--modes", "resumable,stream"]).test.modes == [.resumable, .stream])
  }

  @Test(arguments: [
    (["--frames", "x"], "go with --script"), (["--screen", "80x24"], "go with --script"),
    (["--script", "s", "--screen", "80"], "120x34"), (["--script", "s", "--size", "1"], "generates no files"),
    (["--script", "s", "--format", "png"], "format"), (["--script", "s", "--screen", "5000x1"], "120x34"),
  ])
  func `headless rejects invalid script options with the reason`(arguments: [String], hint: String) {
    expectUsageError(arguments, of: HeadlessCommand.self, hint: hint)
  }

  @Test(arguments: [
    (["-"], "reads keys from standard input"), (["f", "--to", "ftp://h"], "is not an http:// or https:// URL"),
    (["--to", ""], "is not a URL"), (["--to", "8080"], "has a port but no host"),
    (["--to", "http://u:p@h"], "A URL with a user name or a password is rejected"),
    (["--theme", "light"], "'--theme'"), (["--jobs", "0"], "--jobs <count>': A count is"),
    (["--jobs", "9223372036854775807"], "from 1 to 10000"),
    (["--port", "65536"], "A port is a number from 0 to 65535."),
  ])
  func `the dashboard rejects invalid arguments with the reason`(arguments: [String], hint: String) {
    expectUsageError(arguments, of: DashboardCommand.self, hint: hint)
  }

  @Test func `an argument that is neither a command nor a file is rejected with a hint`() throws {
    for (word, hint) in [("srve", "See sluice --help."), ("http://127.0.0.1", "sluice send FILE --to URL")] {
      let command = try DashboardCommand.parse([word])
      let error = #expect(throws: ValidationError.self) { try command.run() }
      #expect(error?.message.contains("neither a command nor an existing file. ") == true)
      #expect(error?.message.contains(hint) == true)
    }
  }

  @Test func `the dashboard says of an invalid --to what send says`() throws {
    for url in ["ftp://h", "http://", "http://u:p@h", "h:99999", "http://h/\u{1}"] {
      let send = #expect(throws: (any Error).self) { try SendCommand.parse(["f", "--to", url]) }
      let dashboard = #expect(throws: (any Error).self) { try DashboardCommand.parse(["--to", url]) }
      let messages = [send.map { SendCommand.message(for: $0) }, dashboard.map { DashboardCommand.message(for: $0) }]
      #expect(messages[0] == messages[1], "\(messages)")
    }
  }

  @Test func `serve rejects --plain with --json`() {
    expectUsageError(["--plain", "--json"], of: ServeCommand.self, hint: "--json and --plain exclude each other.")
  }

  @Test func `the hint for a rejected command line names the right command or --to`() {
    func hint(_ message: String, _ arguments: String...) -> String? { UsageHint.text(on: message, arguments) }
    #expect(
      hint("Unknown option '--to'", "serve", "--to", "http://h")
        == "--to is an option of sluice dashboard, sluice send. See sluice help dashboard."
    )
    #expect(hint("Unknown option '--theme'. Did you mean '--tls'?", "--theme", "light") == nil)
    #expect(
      hint("Missing expected argument '--to <url>'", "send", "f", "https://h")
        == "Name the server with --to: sluice send FILE --to https://h"
    )
    #expect(hint("Missing expected argument '--to <url>'", "send", "f") == nil)
    expectUsageError(["f", "http://h", "--to", "http://h"], of: SendCommand.self, hint: "is a URL, not a file")
  }

  @Test func `a command line without a command is parsed as the dashboard's`() throws {
    let bare = try #require(try SluiceCommand.parseAsRoot([]) as? DashboardCommand)
    #expect(bare.files == [] && !bare.plain && bare.jobs == 2)
    #expect(bare.place.port == 8080 && bare.place.dir == "./uploads")
    let named = try #require(
      try SluiceCommand.parseAsRoot(["--port", "0", "/dev/null", "--plain"]) as? DashboardCommand
    )
    #expect(named.files == ["/dev/null"] && named.plain && named.place.port == 0)
    #expect(try SluiceCommand.parseAsRoot(["serve"]) is ServeCommand)
  }

  private func expectUsageError<Command: ParsableCommand>(_ arguments: [String], of command: Command.Type, hint: String)
  {
    do {
      _ = try command.parse(arguments)
      Issue.record("\(arguments) was accepted")
    } catch {
      #expect(command.exitCode(for: error).rawValue == 64)
      let message = command.fullMessage(for: error)
      #expect(message.lowercased().contains(hint.lowercased()), "\(message)")
    }
  }
}
