import ArgumentParser
import DashboardApp
import Glibc
import UploadClient
import UploadCore
import UploadProtocol
import UploadReport

/// `sluice send`: files to any server that takes them.
struct SendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Send files to a server.",
    discussion: """
      A URL without a path is a Sluice server: files go to /stream-upload, or as a form to /file-upload. Any other path \
      is used as it stands with POST (--method PUT for another); one that ends in / gets the file's name and PUT, as \
      curl -T does. The file - is standard input.

      Uploads to a server that is unavailable or busy are retried with growing pauses, until --retry-for has passed \
      without progress. With https:// the server's certificate must be issued by an authority that this machine \
      trusts, by one in --ca, or be the one with --fingerprint. Connections are direct: http_proxy is ignored.

      Modes: stream sends the file as the body; multipart sends a form and streams it; buffered first reads the whole \
      form into memory, which shows what streaming saves.
      """
  )

  @Argument(help: ArgumentHelp("Files to send; - for standard input.", valueName: "file"), completion: .file())
  var files: [String]

  @Option(help: ArgumentHelp("Server: http(s)://HOST:PORT, or any URL that accepts files.", valueName: "url"))
  var to: String

  @Option("How to send.", value: "mode")
  var mode = SendMode.stream

  @Option("Files under way at once.", value: "count")
  var jobs = 2

  @Option("The name to send standard input, or a single file, under.", value: "name")
  var name: String?

  @Option("Media type to declare. (default: by the first bytes, else by the name)", value: "type")
  var type: String?

  @Option("HTTP method, for a URL with a path.", value: "method")
  var method: String?

  @Option("Another header field, \"Name: value\"; may be repeated.", value: "field")
  var header: [String] = []

  @Option("Name of the form's field with the file, for --mode multipart and buffered. (default: file)", value: "name")
  var formField: String?

  @Option("Another field of the form, NAME=VALUE, for --mode multipart and buffered; may be repeated.", value: "field")
  var formValue: [String] = []

  @Option(
    "What the server asks for, sent as Authorization: Bearer.",
    value: "token",
    discussion: "Other users of the machine see it in the list of processes; SLUICE_TOKEN keeps it from them."
  )
  var token: String?

  @OptionGroup var trusted: TrustOptions

  @Option(
    "Time without progress after which an upload that could be retried fails. (default: 5m)",
    value: "time",
    discussion:
      "Progress is a byte further into the file than any attempt got before; 0 turns retries off. Pauses grow "
      + "to 30 s, or are what the server's Retry-After asks. Standard input is retried only while none of it was "
      + "read."
  )
  var retryFor = OptionValue(Duration.seconds(300), "5m")

  @Option("Retries at most. (default: no limit)", value: "count")
  var retry: Int?

  @Option("Send no more than this, all files together: 10MB/s. (default: none)", value: "rate")
  var limitRate: OptionValue<TransferRate>?

  @Option(
    "Give up when the server takes nothing for this long. (default: 60s)",
    value: "time",
    discussion: "Once it has everything, --answer-timeout counts."
  )
  var idleTimeout = OptionValue(Duration.seconds(60), "60s")

  @Option(
    "Give up when the server has everything and says nothing for this long. (default: 300s)",
    value: "time",
    discussion: "That is when a server brings the file to its disk."
  )
  var answerTimeout = OptionValue(Duration.seconds(300), "300s")

  @Option("Call an upload stalled after this long without a byte. (default: 5s)", value: "time")
  var stallAfter = OptionValue(Duration.seconds(5), "5s")

  @Flag(help: "Print JSON lines.")
  var json = false

  @Flag(help: "Print nothing but errors.")
  var quiet = false

  @Option("With --json: the shortest time between two progress lines of an upload. (default: 500ms)", value: "time")
  var interval = OptionValue(Duration.milliseconds(500), "500ms")

  mutating func validate() throws {
    guard jobs > 0 else { throw ValidationError("--jobs must be above 0.") }
    guard retry ?? 0 >= 0 else { throw ValidationError("--retry must be 0 or more.") }
    guard !files.isEmpty else { throw ValidationError("Name the files to send, or - for standard input.") }
    if let url = files.first(where: Self.isURL) {
      throw ValidationError("\"\(PlainText.sanitized(url))\" is a URL, not a file. Name one server, with --to.")
    }
    guard files.count(where: { $0 == "-" }) <= 1 else { throw ValidationError("Standard input (-) can be sent once.") }
    guard name == nil || files.count == 1 else { throw ValidationError("--name goes with a single file.") }
    guard mode != .stream || (formField == nil && formValue.isEmpty) else {
      throw ValidationError("--form-field and --form-value need a form: add --mode multipart (or buffered).")
    }
    guard !(json && quiet) else { throw ValidationError("--json and --quiet exclude each other.") }
    guard [idleTimeout, answerTimeout, stallAfter].allSatisfy({ $0.value > .zero }) else {
      throw ValidationError("--idle-timeout, --answer-timeout and --stall-after must be above 0.")
    }
    try validated { () throws(UploadError) in
      _ = try SendTarget(to, token: token)
      try clientConfiguration().validate()
    }
  }

  /// Whether an argument can only be meant as a URL.
  static func isURL(_ argument: String) -> Bool {
    ["http://", "https://"].contains { argument.lowercased().hasPrefix($0) } && access(argument, F_OK) != 0
  }

  func run() throws {
    let target = try SendTarget(to, token: token, trust: trusted.trust)
    let configuration = try clientConfiguration()
    let status = MainLoop.run(forcedStatus: 130) { [self] stop in await send(to: target, configuration, stop) }
    throw ExitCode(status)
  }

  private func clientConfiguration() throws(UploadError) -> UploadClientConfiguration {
    var configuration = UploadClientConfiguration()
    configuration.method = method
    configuration.contentType = type
    configuration.idleTimeout = idleTimeout.value
    configuration.responseTimeout = answerTimeout.value
    configuration.retry = RetryPolicy(limit: retry)
    configuration.retry.patience = retryFor.value
    configuration.rate = limitRate?.value.setting.bytes
    for line in header { configuration.headers.append(try HeaderField(line)) }
    if let formField { configuration.formField = formField }
    for text in formValue { configuration.formValues.append(try FormValue(parsing: text)) }
    return configuration
  }

  private func send(
    to target: SendTarget,
    _ configuration: UploadClientConfiguration,
    _ stop: StopRequest
  ) async -> Int32 {
    let ledger = UploadLedger()
    let engine = ClientEngine(configuration: configuration, ledger: ledger, jobs: jobs)
    let sampler = Sampler(
      ledger: ledger,
      stallAfter: stallAfter.value,
      slabUse: { SlabUse(used: 0, budget: 0) }
    )
    let reporter = Reporter(sampler: sampler, ledger: ledger, renderer: renderer)
    let reporting = Task { await reporter.run() }
    let sending = Task { [sources, mode, jobs] in
      await engine.uploader.sendAll(sources, to: target, mode: mode.uploadMode, jobs: jobs)
    }
    stop.onRequest { sending.cancel() }
    let meters = await sending.value
    reporting.cancel()
    await reporter.finish()
    let summary = UploadSummary(
      uploads: meters.map { UploadSummary.Entry(for: $0) },
      peakResidentBytes: ProcessMemory.current().peak
    )
    show(summary)
    if stop.signal == SIGINT { return 130 }
    return summary.isGood && stop.signal == nil ? 0 : 1
  }

  private var sources: [UploadSource] {
    files.map { $0 == "-" ? .standardInput(name: name ?? "stdin.bin") : .file($0, name: name) }
  }

  private var renderer: any ProgressRenderer {
    if json { return LineRenderer(.json, interval: interval.value) }
    if quiet { return LineRenderer(.quiet, interval: nil) }
    let environment = ProcessEnvironment.all
    if Output.canRedraw(environment) { return LiveRenderer(unicode: Output.isUnicode(environment)) }
    return LineRenderer(.sending, interval: .seconds(5))
  }

  private func show(_ summary: UploadSummary) {
    if json {
      Output.line(UploadEvent.summary(summary).json.serialized)
    } else if !quiet, summary.uploads.count > 1 {
      Output.line("\n" + summary.table)
    }
  }
}
