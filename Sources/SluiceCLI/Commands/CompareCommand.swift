import ArgumentParser
import UploadCore
import UploadTrials

/// `sluice compare`: the memory of clients that stream and of clients that buffer, side by side.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare the memory of clients that stream and clients that buffer.",
    discussion: """
      Sends one file as a stream, as a streamed form, as a resumable upload that is interrupted twice, and as a form \
      in memory, one after the other; then with curl and Node where they are installed. Every client and every server \
      is a process of its own, so that the memory shown is the one that the system counts. Every copy is compared by \
      SHA-256 and then removed.

      With --max-memory a client that uses more is killed: this happens to the buffered ones when the file is large, \
      never to streams.

      Exit status: 0 if Sluice's own stream, multipart and interrupted uploads arrived intact, otherwise 1. Failures of \
      the buffered and of the other clients do not count.
      """
  )

  @Argument(help: ArgumentHelp("File to send.", valueName: "file"), completion: .file())
  var file: String?

  @Option("Size of a file to generate and send instead.", value: "size")
  var size: OptionValue<SizeSetting>?

  @Option("Number of runs of each client; medians are shown.", .count(to: 1000))
  var runs = 1

  @Option("Resident memory at which a client is killed. (default: no limit)", value: "size")
  var maxMemory: OptionValue<SizeSetting>?

  @Option("Directory with room for one copy. (default: TMPDIR, otherwise /tmp)", value: "path", completion: .directory)
  var dir: String?

  @Option("SVG file for a chart of memory over time.", value: "path", completion: .file())
  var svg: String?

  @Flag(help: "Print JSON lines instead of a table.")
  var json = false

  mutating func validate() throws {
    guard (file == nil) != (size == nil) else {
      throw ValidationError("Name one file to send, or the size of one to generate: sluice compare --size 1.9GB.")
    }
    guard file != "-" else { throw ValidationError("Standard input cannot be sent several times.") }
  }

  func run() throws {
    throw ExitCode(MainLoop.run(forcedStatus: 130) { [configuration] stop in CompareRun(configuration, stop).run() })
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
