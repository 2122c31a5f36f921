import ArgumentParser
import DashboardApp
import Glibc
import HTTPExchange
import UploadClient
import UploadCore
import UploadProtocol
import UploadReport

/// `sluice send`: sends files and directories to any server that accepts uploads.
struct SendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Send files and directories to a server.",
    discussion: """
      A URL without a path is a Sluice server: files go to /stream-upload, or as a form to /file-upload. Any other URL \
      is used unchanged, with POST or --method. If it ends in /, the file's name is appended and the method is PUT, as \
      with curl -T. The file - is standard input.

      A directory is sent with everything in it, hidden files and empty directories included: photos is stored as \
      photos/..., and photos/ or . as its content. Symbolic links and special files are reported and skipped. Files \
      keep their modification times, unless the server has --no-times. A URL for a directory must end in /, or be that \
      of a Sluice server.

      Uploads to a server that is unavailable or busy are retried with growing pauses, until --retry-for has passed \
      without progress. The certificate of an https:// server must be issued by an authority that this machine \
      trusts, by one in --ca, or be the one with --fingerprint. Proxies are those of \
      --proxy or, as with curl, of http_proxy, https_proxy, all_proxy and no_proxy.

      Files of 4 MiB and more are resumed by themselves where the server supports that (tus, or the IETF draft for \
      resumable uploads): after an interruption, and when the same command is run again. --no-resume turns this off.

      Modes: stream sends the file as the body; resumable sends it so that it can be resumed, whatever its size; \
      multipart streams a form; buffered first reads the whole form into memory, to show what that costs.
      """
  )

  @Argument(
    help: ArgumentHelp("Files and directories to send; - for standard input.", valueName: "file"),
    completion: .file()
  )
  var files: [String]

  @Option(help: ArgumentHelp("Server: http(s)://HOST:PORT, or any URL that accepts uploads.", valueName: "url"))
  var to: String

  @Option("Mode of the upload.", value: "mode")
  var mode = SendMode.stream

  @Option("Number of files sent at once. (default: as many as they need, at most 16)", .count(to: 10_000))
  var jobs: Int?

  @OptionGroup var tree: TreeOptions

  @Option("Name for standard input, or for a single file. (default: its own name, or stdin.bin)", value: "name")
  var name: String?

  @Option("Media type to declare. (default: from the first bytes, otherwise from the name)", value: "type")
  var type: String?

  @Option("HTTP method for a URL with a path. (default: POST, or PUT if it ends in /)", value: "method")
  var method: String?

  @Option("Header field to add, \"Name: value\"; may be repeated.", value: "field")
  var header: [String] = []

  @Option("With --mode multipart or buffered: name of the file's form field. (default: file)", value: "name")
  var formField: String?

  @Option("With --mode multipart or buffered: form field to add, NAME=VALUE; may be repeated.", value: "field")
  var formValue: [String] = []

  @Option(
    "Access token of the server, sent as Authorization: Bearer. (default: none)",
    value: "token",
    discussion: "Other users of the machine can read it in the list of processes; SLUICE_TOKEN is not visible there."
  )
  var token: String?

  @OptionGroup var trusted: TrustOptions

  @Option(
    "HTTP proxy to use, http(s)://[USER:PASSWORD@]HOST:PORT; empty for none. (default: from http_proxy etc.)",
    value: "url",
    discussion: "Hosts in no_proxy are reached directly. Other users of the machine can read a password in the list of "
      + "processes; SLUICE_PROXY and http_proxy are not visible there."
  )
  var proxy: String?

  @Option(
    "Time without progress after which an upload is no longer retried; 0 for no retries.",
    value: "time",
    discussion: "Progress is a byte further into the file than any attempt before. Pauses grow to 30 s, or follow "
      + "the server's Retry-After. A pipe is continued if the server has all but its last 8 MiB."
  )
  var retryFor = OptionValue(Duration.seconds(300), "5m")

  @Option("Maximum number of retries. (default: no limit)", .count(from: 0))
  var retry: Int?

  @Flag(help: "Send every file in one request, and note nothing for another run.")
  var noResume = false

  @Option("Largest request of a resumable upload, for proxies that limit bodies. (default: no limit)", value: "size")
  var maxRequest: OptionValue<SizeSetting>?

  @Option("Maximum rate of all files together, such as 10MB/s. (default: no limit)", value: "rate")
  var limitRate: OptionValue<TransferRate>?

  @Option("Time after which an attempt fails while the server accepts no data.", value: "time")
  var idleTimeout = OptionValue(Duration.seconds(60), "60s")

  @Option("Time to wait for the response once all data is sent; the server may still write it to disk.", value: "time")
  var answerTimeout = OptionValue(Duration.seconds(300), "300s")

  @Option("Time without a byte after which an upload is shown as stalled.", value: "time")
  var stallAfter = OptionValue(Duration.seconds(5), "5s")

  @Flag(help: "Print JSON lines.")
  var json = false

  @Flag(help: "Print only errors.")
  var quiet = false

  @Option("With --json: shortest time between two progress lines of an upload.", value: "time")
  var interval = OptionValue(Duration.milliseconds(500), "500ms")

  mutating func validate() throws {
    guard !files.isEmpty else { throw ValidationError("Name the files to send, or - for standard input.") }
    if let url = files.first(where: Self.isURL) {
      throw ValidationError("\"\(PlainText.sanitized(url))\" is a URL, not a file. Name one server, with --to.")
    }
    guard files.count(where: { $0 == "-" }) <= 1 else { throw ValidationError("Standard input (-) can be sent once.") }
    guard name == nil || files.count == 1 else { throw ValidationError("--name goes with a single file.") }
    guard mode == .multipart || mode == .buffered || (formField == nil && formValue.isEmpty) else {
      throw ValidationError("--form-field and --form-value need a form: add --mode multipart (or buffered).")
    }
    guard !noResume || mode != .resumable else {
      throw ValidationError("--mode resumable and --no-resume exclude each other.")
    }
    guard !noResume || maxRequest == nil else {
      throw ValidationError(
        "--max-request and --no-resume exclude each other: only resumable uploads have several requests."
      )
    }
    guard maxRequest?.value.bytes != 0 else { throw ValidationError("--max-request must be above 0.") }
    guard !(tree.dryRun && quiet) else { throw ValidationError("--dry-run and --quiet exclude each other.") }
    guard !(json && quiet) else { throw ValidationError("--json and --quiet exclude each other.") }
    guard [idleTimeout, answerTimeout, stallAfter].allSatisfy({ $0.value > .zero }) else {
      throw ValidationError("--idle-timeout, --answer-timeout and --stall-after must be above 0.")
    }
    try validated { () throws(UploadError) in
      let target = try SendTarget(to, token: token)
      let configuration = try clientConfiguration()
      try configuration.validate()
      _ = try configuration.proxies.proxy(for: target)
      try validateDirectories(target)
    }
  }

  /// Checks the options that directories need, and those for them alone.
  /// - Throws: ``UploadError`` with code `badValue`.
  private func validateDirectories(_ target: SendTarget) throws(UploadError) {
    let components = target.path.split(separator: "/")
    guard !tree.skipExisting || target.path == "/" || target.path.hasSuffix("/") && components.contains("files") else {
      throw UploadError(
        .badValue,
        "--skip-existing needs the listing of a Sluice server: a URL without a path, or http://HOST/files/DIRECTORY/."
      )
    }
    guard let directory = files.first(where: SendArguments.isDirectory) else { return }
    let shown = PlainText.sanitized(directory)
    guard name == nil else {
      throw UploadError(.badValue, "--name goes with a single file, and \"\(shown)\" is a directory. Remove it.")
    }
    let isForm = mode == .multipart || mode == .buffered
    guard target.path == "/" || target.path.hasSuffix("/") && !isForm else {
      throw UploadError(
        .badValue,
        isForm
          ? "\"\(shown)\" is a directory, which only a Sluice server stores from forms. Use --mode stream."
          : "\"\(shown)\" is a directory: the URL must end in /, or be that of a Sluice server, without a path."
      )
    }
  }

  /// Whether an argument begins with `http://` or `https://`, and is not the path of an existing file.
  static func isURL(_ argument: String) -> Bool {
    ["http://", "https://"].contains { argument.lowercased().hasPrefix($0) } && access(argument, F_OK) != 0
  }

  func run() throws {
    let target = try SendTarget(to, token: token, trust: trusted.trust)
    let configuration = try clientConfiguration()
    let run = SendRun(
      arguments: SendArguments(files, name: name, needsSizes: tree.skipExisting || tree.dryRun),
      target: target,
      configuration: configuration,
      mode: mode.uploadMode,
      jobs: jobs,
      rules: tree.rules,
      skipsExisting: tree.skipExisting,
      isDry: tree.dryRun,
      output: output,
      stallAfter: stallAfter.value
    )
    throw ExitCode(MainLoop.run(forcedStatus: 130) { stop in await run.run(stop) })
  }

  /// The settings of the client: all options but the files and their target.
  /// - Throws: ``UploadError`` with code `badValue`.
  func clientConfiguration() throws(UploadError) -> UploadClientConfiguration {
    var configuration = UploadClientConfiguration()
    configuration.method = method
    configuration.contentType = type
    configuration.idleTimeout = idleTimeout.value
    configuration.responseTimeout = answerTimeout.value
    configuration.retry = RetryPolicy(limit: retry)
    configuration.retry.patience = retryFor.value
    if !noResume {
      let directory = ResumeJournal.defaultDirectory(in: ProcessEnvironment.all)
      let journal = directory.map { ResumeJournal(directory: $0) }
      configuration.resume = ResumeConfiguration(journal: journal, maxRequest: maxRequest?.value.bytes)
    }
    configuration.proxies = ProxySettings(option: proxy, environment: ProcessEnvironment.all)
    configuration.rate = limitRate?.value.setting.bytes
    for field in header { configuration.headers.append(try HeaderField(field)) }
    if let formField { configuration.formField = formField }
    for field in formValue { configuration.formValues.append(try FormValue(parsing: field)) }
    return configuration
  }

  private var output: SendOutput {
    if json { return .json(interval: interval.value) }
    if quiet { return .quiet }
    let environment = ProcessEnvironment.all
    return Output.canRedraw(environment) ? .live(unicode: Output.isUnicode(environment)) : .lines
  }
}
