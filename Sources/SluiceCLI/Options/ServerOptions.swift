import ArgumentParser
import DashboardApp
import UploadCore
import UploadProtocol
import UploadServer
import UploadStorage

extension CutPolicy: ExpressibleByArgument {}
extension DuplicatePolicy: ExpressibleByArgument {}
extension Durability: ExpressibleByArgument {}

/// Port and directory of `serve` and of the dashboard; `headless` has defaults of its own.
struct PlaceOptions: ParsableArguments {
  @Option("Port to listen on; 0 for any free port.", .port)
  var port = 8080

  @Option("Directory for uploads; created if missing.", value: "path", completion: .directory)
  var dir = "./uploads"
}

/// Options of every command that hosts a server, in the groups in which the help shows them.
struct ServerOptions: ParsableArguments {
  @OptionGroup(title: "Server") var address: AddressOptions

  @OptionGroup(title: "Stored files") var files: StorageOptions

  @OptionGroup(title: "Limits") var limits: LimitOptions

  @OptionGroup(title: "TLS") var tls: TLSOptions

  @OptionGroup(title: "Access") var access: AccessOptions

  @OptionGroup(title: "Upload page") var page: PageOptions

  mutating func validate() throws {
    guard address.rawPort != nil else { return }
    try access.checkRawPort(host: address.host)
    try tls.checkRawPort(host: address.host)
  }

  /// The configuration that a server is hosted with: all of these options.
  /// - Parameter port: the port to listen on; 0 for any free one.
  /// - Throws: ``UploadError`` with code `badValue`; not for options that were validated.
  func engine(port: Int) throws(UploadError) -> ServerEngine.Configuration {
    var engine = ServerEngine.Configuration(server: try configuration(port: port))
    engine.certificate = tls.source
    engine.storage = files.storage
    engine.fileMode = files.fileMode?.value
    engine.minFree = files.minFree.value
    engine.memoryBudget = limits.memoryBudget.value.bytes
    engine.stallAfter = limits.stallAfter.value
    engine.graceText = limits.grace.description
    engine.isTokenGenerated = access.token == nil
    engine.isOwnerTokenGenerated = access.adminToken == nil
    return engine
  }

  /// The settings of the listening server: without certificate, storage and memory, which ``engine(port:)`` adds.
  /// - Parameter port: the port to listen on; 0 for any free one.
  /// - Throws: ``UploadError`` with code `badValue`; not for options that were validated.
  func configuration(port: Int) throws(UploadError) -> ServerConfiguration {
    var configuration = ServerConfiguration()
    configuration.host = address.host
    configuration.port = port
    configuration.rawPort = address.rawPort
    configuration.digests = files.digest == .sha256 ? [.sha256] : []
    configuration.maxConnections = limits.maxConnections
    configuration.publicURL = address.publicURL?.value.text
    configuration.access = try access.rules(host: address.host)
    page.apply(to: &configuration.page)
    limits.apply(to: &configuration.limits)
    configuration.limits.onCut = files.onCut
    configuration.limits.types = files.types
    configuration.limits.paths = files.paths
    configuration.limits.paths.isPerSender = access.perSender
    configuration.page.asksName = access.askName
    return configuration
  }
}

/// The address that a server listens on, and its port for plain TCP. Commands add the port for HTTP.
struct AddressOptions: ParsableArguments {
  @Option("Address or name to listen on; * for all addresses.", value: "address")
  var host = "127.0.0.1"

  @Option("Port for plain TCP uploads: all bytes until the client's FIN are one file. (default: off)", .port)
  var rawPort: Int?

  @Option(
    "URL at which clients reach the server, for the link and for the addresses of resumable uploads.",
    value: "url"
  )
  var publicURL: OptionValue<PublicURL>?

  mutating func validate() throws {
    host = try validated { () throws(UploadError) in try ListenHost.normalized(host) }
  }
}

/// Which files are stored, and how.
struct StorageOptions: ParsableArguments {
  @Option("Existing name: rename the new file, reject it (error), or replace the existing file.", value: "policy")
  var onDuplicate = DuplicatePolicy.rename

  @Flag(help: "Keep no directories: store every file under its name alone, in the upload directory itself.")
  var flat = false

  @Flag(help: "Ignore the modification times that clients send.")
  var noTimes = false

  @Option("Interrupted uploads that cannot be resumed: discard, or keep as NAME.partial.", value: "policy")
  var onCut = CutPolicy.discard

  @Option("Synced before the response: file and directory (full), the file alone, or nothing (none).", value: "level")
  var durability = Durability.full

  @Option("Octal permissions of stored files, without execute bits. (default: 666 less the umask)", value: "mode")
  var fileMode: OptionValue<FileMode>?

  @Option("Disk space to keep free.", value: "size")
  var minFree = OptionValue(SizeSetting(256 << 20), "256MiB")

  @Option("Media type to accept, by the first bytes, such as image/*; may be repeated. (default: all)", value: "type")
  var allowType: [OptionValue<MediaTypePattern>] = []

  @Option("Media type to reject, by the first bytes or as declared; may be repeated. (default: none)", value: "type")
  var denyType: [OptionValue<MediaTypePattern>] = []

  @Option("Digest to compute for every upload; one that a request states is always verified.", value: "algorithm")
  var digest = DigestOption.none

  /// The store's settings: durability and duplicates.
  var storage: DiskStoreConfiguration { DiskStoreConfiguration(durability: durability, onDuplicate: onDuplicate) }

  /// What is kept of the paths and times that clients state.
  var paths: PathRules {
    var paths = PathRules()
    (paths.keepsDirectories, paths.keepsTimes) = (!flat, !noTimes)
    return paths
  }

  var types: MediaTypeRules { MediaTypeRules(allowed: allowType.map(\.value), denied: denyType.map(\.value)) }
}

/// The digest that is computed for every upload.
enum DigestOption: String, ExpressibleByArgument, CaseIterable {
  /// None; one that a request states is still computed and verified.
  case none
  case sha256
}

/// Limits of memory, size, number, rate and time, also of unfinished uploads, and the times for stalls and shutdown.
struct LimitOptions: ParsableArguments {
  @Option("Memory for the buffers of all uploads together.", value: "size")
  var memoryBudget = OptionValue(SizeSetting(256 << 20), "256MiB")

  @Option("Largest file accepted. (default: no limit)", value: "size")
  var maxSize: OptionValue<SizeSetting>?

  @Option("Maximum number of files in one form, up to 10000; more are rejected with 413.", .count(to: 10_000))
  var maxFiles = 1000

  @Option("Maximum number of uploads at once; more are rejected with 503.", .count())
  var maxUploads = 4096

  @Option("Maximum number of upload requests at once from one address. (default: no limit)", .count())
  var maxUploadsPerClient: Int?

  @Option("Maximum number of unfinished resumable uploads; more are rejected with 429.", .count())
  var maxUnfinished = 1000

  @Option("Time without a request after which an unfinished resumable upload is deleted.", value: "time")
  var expireUnfinished = OptionValue(Duration.seconds(86_400), "24h")

  @Option("Largest request of a resumable upload, announced to clients. (default: no limit)", value: "size")
  var maxAppendSize: OptionValue<SizeSetting>?

  @Option("Maximum number of connections at once; more wait.", .count())
  var maxConnections = 8192

  @Option("Time without data from the client after which an upload fails.", value: "time")
  var idleTimeout = OptionValue(Duration.seconds(30), "30s")

  @Option("Average rate below which an upload fails, such as 10kB/s. (default: no limit)", value: "rate")
  var minRate: OptionValue<TransferRate>?

  @Option("Maximum rate of all uploads together, such as 10MB/s. (default: no limit)", value: "rate")
  var limitRate: OptionValue<TransferRate>?

  @Option("Maximum rate of each upload. (default: no limit)", value: "rate")
  var limitRatePerUpload: OptionValue<TransferRate>?

  @Option("Time without a byte after which an upload is shown as stalled.", value: "time")
  var stallAfter = OptionValue(Duration.seconds(5), "5s")

  @Option("Time for running uploads to finish when the server stops.", value: "time")
  var grace = OptionValue(Duration.seconds(30), "30s")

  mutating func validate() throws {
    guard idleTimeout.value > .zero, stallAfter.value > .zero else {
      throw ValidationError("--idle-timeout and --stall-after must be above 0.")
    }
    guard expireUnfinished.value >= .seconds(1) else {
      throw ValidationError("--expire-unfinished \(expireUnfinished) is too short. Give at least 1s.")
    }
    guard maxSize?.value.bytes != 0 else {
      throw ValidationError("--max-size must be above 0. Leave it out for no limit.")
    }
    guard maxAppendSize?.value.bytes != 0 else { throw ValidationError("--max-append-size must be above 0.") }
    guard memoryBudget.value.bytes >= UInt64(MemoryBudget.minimum) else {
      let least = SizeSetting(UInt64(MemoryBudget.minimum))
      throw ValidationError("--memory-budget \(memoryBudget) is too small. Give at least \(least).")
    }
  }

  /// Sets the fields of `limits` that these options are about. Memory, connections and stalls are set elsewhere.
  func apply(to limits: inout UploadLimits) {
    limits.maxSize = maxSize?.value
    limits.form.files = maxFiles
    limits.maxUploads = maxUploads
    limits.maxUploadsPerClient = maxUploadsPerClient
    limits.maxUnfinished = maxUnfinished
    limits.expireUnfinished = expireUnfinished.value
    limits.maxAppendSize = maxAppendSize?.value
    limits.idleTimeout = idleTimeout.value
    limits.minRate = minRate?.value.setting
    limits.rate = limitRate?.value.setting.bytes
    limits.ratePerUpload = limitRatePerUpload?.value.setting.bytes
    limits.grace = grace.value
  }
}
