import ArgumentParser
import DashboardApp
import TerminalUI
import UploadCore
import UploadTrials

/// `sluice headless`: the test mode. Server and client in one process, no terminal; proves that what is sent arrives.
struct HeadlessCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "headless",
    abstract: "Prove it: serve and send in one process, compare every byte, print JSON lines.",
    discussion: """
      Sends the files (or generated ones) in each mode to a server of its own, compares the SHA-256 of what was sent \
      with that of what is stored, and ends with a summary. Exit status 0 only if every byte arrived. What it made is \
      removed unless --keep is given.

      With --script it runs the dashboard instead, on a screen in memory, and executes the script, one command per \
      line: key u, keys "abc", type "text", paste "text", resize 80x24, expect "text" within 5s, expect-not "text", \
      wait idle, frame NAME, send FILE multipart, quit. Exit status 1 when the screen does not show what was expected.
      """
  )

  @Argument(help: ArgumentHelp("Files to send; none for generated ones.", valueName: "file"), completion: .file())
  var files: [String] = []

  @Option("Size of each generated file. (default: 64MiB)", value: "size")
  var size: OptionValue<SizeSetting>?

  @Option("How many files to generate. (default: 1)", value: "count")
  var count: Int?

  @Option(
    help: ArgumentHelp(
      "Modes to send in, separated by commas. (default: stream,multipart,buffered)",
      valueName: "modes"
    ),
    transform: Self.modes(parsing:)
  )
  var modes: [SendMode] = SendMode.allCases

  @Option("Files under way at once.", value: "count")
  var jobs = 1

  @OptionGroup var trusted: TrustOptions

  @OptionGroup var server: ServerOptions

  @Option("Port to listen on; 0 takes any that is free.", value: "port")
  var port = 0

  @Option("Directory for uploads. (default: a temporary one)", value: "path", completion: .directory)
  var dir: String?

  @Flag(help: "Keep what was stored and generated.")
  var keep = false

  @Flag(help: "Print JSON lines; they are printed anyway.")
  var json = false

  @Option("The shortest time between two progress lines of an upload. (default: 500ms)", value: "time")
  var interval = OptionValue(Duration.milliseconds(500), "500ms")

  @Option(
    "Run the dashboard from a script instead, without a terminal; - for standard input.",
    value: "path",
    completion: .file()
  )
  var script: String?

  @Option("With --script: columns and rows. (default: 120x34)", value: "size")
  var screen: OptionValue<Size>?

  @Option("With --script: directory to write frames to.", value: "path", completion: .directory)
  var frames: String?

  @Option("With --script: frames as text or with colours.", value: "format")
  var format = FrameFormat.text

  @Option("With --script: settings file to use. (default: none)", value: "path", completion: .file())
  var settings: String?

  mutating func validate() throws {
    try ServerOptions.check(port: port, "--port")
    guard jobs > 0 else { throw ValidationError("--jobs must be above 0.") }
    guard (count ?? 1) > 0, (count ?? 1) <= 10_000 else { throw ValidationError("--count must be from 1 to 10000.") }
    guard files.isEmpty || (size == nil && count == nil) else {
      throw ValidationError("--size and --count are for generated files; leave out the names, or these.")
    }
    if script == nil {
      guard screen == nil, frames == nil, settings == nil else {
        throw ValidationError("--screen, --frames and --settings go with --script.")
      }
    } else {
      guard size == nil, count == nil else {
        throw ValidationError("--script generates no files; leave out --size and --count.")
      }
    }
    guard !files.contains("-") else { throw ValidationError("Standard input cannot be sent in several modes.") }
  }

  func run() throws {
    let engine = try server.engine(port: port)
    if let script {
      let configuration = scriptConfiguration(script, engine)
      throw ExitCode(MainActor.assumeIsolated { ScriptRun(configuration).run() })
    }
    let limit = engine.grace + MainLoop.usualStopLimit
    let configuration = headlessConfiguration(engine)
    let status = MainLoop.run(forcedStatus: 130, stopLimit: limit) { stop in
      await HeadlessRun(configuration, stop).run()
    }
    throw ExitCode(status)
  }

  private func headlessConfiguration(_ engine: ServerEngine.Configuration) -> HeadlessRun.Configuration {
    var configuration = HeadlessRun.Configuration(server: engine)
    configuration.directory = dir
    configuration.files = files
    if let size { configuration.size = size.value }
    configuration.count = count ?? 1
    configuration.modes = modes.map(\.uploadMode)
    configuration.jobs = jobs
    configuration.isKept = keep
    configuration.interval = interval.value
    return configuration
  }

  private func scriptConfiguration(
    _ script: String,
    _ engine: ServerEngine.Configuration
  ) -> ScriptRun.Configuration {
    let setup = DashboardEngine.Setup(server: engine, directory: "", jobs: jobs, trust: trusted.trust)
    var configuration = ScriptRun.Configuration(script: script, setup: setup)
    configuration.directory = dir
    configuration.files = files
    if let screen { configuration.screen = screen.value }
    configuration.frames = frames
    configuration.format = format
    configuration.settings = settings
    configuration.isKept = keep
    return configuration
  }

  private static func modes(parsing text: String) throws -> [SendMode] {
    let modes = text.split(separator: ",").map { SendMode(rawValue: String($0)) }
    let known = SendMode.allCases.map(\.rawValue).joined(separator: ", ")
    guard !modes.isEmpty, !modes.contains(nil) else {
      throw ValidationError("\"\(PlainText.sanitized(text))\" names an unknown mode. There are \(known).")
    }
    return modes.compactMap { $0 }
  }
}
