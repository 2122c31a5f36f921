import ArgumentParser
import UploadCore
import UploadTrials

/// `sluice compare`: what streaming saves, seen in a minute.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "See what streaming saves: one file sent in every way, each with its memory.",
    discussion: """
      Sends the file as a stream, as a streamed form and as a form in memory, one after the other, and the same with \
      curl and Node where they are installed. Every client is a process of its own, and so is its server, so that the \
      memory shown is what the system counts. Every copy is compared by SHA-256 and removed again.

      With --max-memory a client that takes more is ended: the buffered ones, while streams arrive whatever the size.

      Exit status: 0 when Sluice's own stream and multipart uploads arrived intact; 1 when not. What the buffered and \
      the other clients come to does not count: that they fail is what is to be seen.
      """
  )

  @Argument(help: ArgumentHelp("The file to send.", valueName: "file"), completion: .file())
  var file: String?

  @Option("Make a file of this size and send that.", value: "size")
  var size: OptionValue<SizeSetting>?

  @Option("How often each client sends it; medians are shown.", value: "count")
  var runs = 1

  @Option("End a client whose resident memory passes this. (default: no limit)", value: "size")
  var maxMemory: OptionValue<SizeSetting>?

  @Option(
    "Where the copies go until they are compared; needs room for one. (default: TMPDIR, else /tmp)",
    value: "path",
    completion: .directory
  )
  var dir: String?

  @Option("Also draw the memory over time into an SVG file.", value: "path", completion: .file())
  var svg: String?

  @Flag(help: "Print JSON lines instead of a table.")
  var json = false

  mutating func validate() throws {
    guard (file == nil) != (size == nil) else {
      throw ValidationError("Name the file to send, or the size of one to make: sluice compare --size 1.9GB.")
    }
    guard file != "-" else { throw ValidationError("Standard input cannot be sent several times.") }
    guard (1...1000).contains(runs) else { throw ValidationError("--runs must be from 1 to 1000.") }
  }

  func run() throws {
    let status = MainLoop.run(forcedStatus: 130) { [configuration] stop in CompareRun(configuration, stop).run() }
    throw ExitCode(status)
  }

  private var configuration: CompareRun.Configuration {
    var configuration = CompareRun.Configuration()
    configuration.file = file
    if let size { configuration.size = size.value }
    configuration.runs = runs
    configuration.maxMemory = maxMemory?.value
    configuration.directory = dir
    configuration.svg = svg
    configuration.json = json
    return configuration
  }
}
