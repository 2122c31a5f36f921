import ArgumentParser
import DashboardApp
import TerminalUI
import UploadCore
import UploadTrials

/// `sluice headless`: the test mode, without a terminal. Server and client in one process, which verifies every
/// uploaded byte; or the dashboard on a screen in memory, controlled by a script.
struct HeadlessCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "headless",
    abstract: "Test: serve and send in one process, compare every byte, print JSON lines.",
    discussion: """
      Sends the files (or generated ones) in each mode to a server of its own, compares the SHA-256 of each file sent \
      with that of the file stored, and ends with a summary. In the mode resumable each upload is interrupted \
      twice, and the summary states that. The exit status is 0 only if every byte arrived. Stored and generated files \
      are removed unless --keep is given.

      With --script it runs the dashboard instead, on a screen in memory, and executes the script, one command per \
      line: key u, keys "abc", type "text", paste "text", resize 80x24, expect "text" within 5s, expect-not "text", \
      wait idle, frame NAME, send FILE multipart, quit. The exit status is 1 if an expected text does not appear.
      """
  )

  @Argument(help: ArgumentHelp("Files to send. (default: generated ones)", valueName: "file"), completion: .file())
  var files: [String] = []

  @OptionGroup(title: "Test") var test: TestOptions

  @OptionGroup(title: "Script") var script: ScriptOptions

  @OptionGroup var server: ServerOptions

  @OptionGroup(title: "Sending to other servers") var trusted: TrustOptions

  mutating func validate() throws {
    let isGenerating = test.size != nil || test.count != nil
    guard files.isEmpty || !isGenerating else {
      throw ValidationError("--size and --count are for generated files: leave them out, or the names of files.")
    }
    guard script.script != nil || (script.screen == nil && script.frames == nil && script.settings == nil) else {
      throw ValidationError("--screen, --frames and --settings go with --script.")
    }
    guard script.script == nil || !isGenerating else {
      throw ValidationError("--script generates no files: leave out --size and --count.")
    }
    guard !files.contains("-") else { throw ValidationError("Standard input cannot be sent in several modes.") }
  }

  func run() throws {
    let engine = try server.engine(port: test.port)
    if let path = script.script {
      let configuration = scriptConfiguration(path, engine)
      throw ExitCode(MainActor.assumeIsolated { ScriptRun(configuration).run() })
    }
    let limit = engine.grace + MainLoop.defaultStopLimit
    let configuration = headlessConfiguration(engine)
    let status = MainLoop.run(forcedStatus: 130, stopLimit: limit) { stop in
      await HeadlessRun(configuration, stop).run()
    }
    throw ExitCode(status)
  }

  private func headlessConfiguration(_ engine: ServerEngine.Configuration) -> HeadlessRun.Configuration {
    var configuration = HeadlessRun.Configuration(server: engine)
    configuration.directory = test.dir
    configuration.files = files
    if let size = test.size { configuration.size = size.value }
    configuration.count = test.count ?? 1
    configuration.modes = test.modes.map(\.uploadMode)
    configuration.jobs = test.jobs
    configuration.isKept = test.keep
    configuration.interval = test.interval.value
    return configuration
  }

  private func scriptConfiguration(_ path: String, _ engine: ServerEngine.Configuration) -> ScriptRun.Configuration {
    let setup = DashboardEngine.Setup(server: engine, directory: "", jobs: test.jobs, trust: trusted.trust)
    var configuration = ScriptRun.Configuration(script: path, setup: setup)
    configuration.directory = test.dir
    configuration.files = files
    if let screen = script.screen { configuration.screen = screen.value }
    configuration.frames = script.frames
    configuration.format = script.format
    configuration.settings = script.settings
    configuration.isKept = test.keep
    return configuration
  }
}

/// What the test sends and in which modes, where it is stored, and what is kept.
struct TestOptions: ParsableArguments {
  @Option("Size of each generated file. (default: 64MiB)", value: "size")
  var size: OptionValue<SizeSetting>?

  @Option("Number of files to generate. (default: 1)", .count(to: 10_000))
  var count: Int?

  @Option(
    help: ArgumentHelp(
      "Modes, separated by commas. (default: stream,multipart,buffered,resumable)",
      valueName: "modes"
    ),
    transform: Self.modes(parsing:)
  )
  var modes: [SendMode] = SendMode.allCases

  @Option("Number of files sent at once.", .count(to: 10_000))
  var jobs = 1

  @Option("Port to listen on; 0 for any free port.", .port)
  var port = 0

  @Option("Directory for uploads. (default: a temporary one)", value: "path", completion: .directory)
  var dir: String?

  @Flag(help: "Keep stored and generated files.")
  var keep = false

  @Flag(help: "Print JSON lines; always on.")
  var json = false

  @Option("Shortest time between two progress lines of an upload.", value: "time")
  var interval = OptionValue(Duration.milliseconds(500), "500ms")

  private static func modes(parsing text: String) throws -> [SendMode] {
    let names = text.split(separator: ",")
    let modes = names.compactMap { SendMode(rawValue: String($0)) }
    guard !modes.isEmpty, modes.count == names.count else {
      let known = SendMode.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("\"\(PlainText.sanitized(text))\" is not a list of modes. The modes are \(known).")
    }
    return modes
  }
}

/// Options of `headless` for the dashboard that a script controls.
struct ScriptOptions: ParsableArguments {
  @Option("Dashboard script to run instead, without a terminal; - for stdin.", value: "path", completion: .file())
  var script: String?

  @Option("With --script: columns and rows of the screen. (default: 120x34)", value: "size")
  var screen: OptionValue<Size>?

  @Option("With --script: directory for frames. (default: none)", value: "path", completion: .directory)
  var frames: String?

  @Option("With --script: format of frames, plain or with colours.", value: "format")
  var format = FrameFormat.text

  @Option("With --script: settings file to use. (default: none)", value: "path", completion: .file())
  var settings: String?
}
