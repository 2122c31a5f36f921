import ArgumentParser
import DashboardApp
import UploadCore
import UploadProtocol
import UploadServer
import UploadStorage

extension DuplicatePolicy: ExpressibleByArgument {}
extension Durability: ExpressibleByArgument {}

/// Options of every command that hosts a server, less those for which `headless` has defaults of its own.
struct ServerOptions: ParsableArguments {
  @Option("Address or name to listen on; * for all addresses.", value: "address")
  var host = "127.0.0.1"

  @Option("Port for plain TCP uploads: the bytes until FIN are stored as a file. (default: off)", value: "port")
  var rawPort: Int?

  @Option("Existing name: rename the new file, reject it (error), or replace the existing file.", value: "policy")
  var onDuplicate = DuplicatePolicy.rename

  @Option("Interrupted uploads: discard, or keep as NAME.partial.", value: "policy")
  var onCut = CutPolicy.discard

  @Option("What is synced before the response: file and directory (full), the file, or nothing (none).", value: "level")
  var durability = Durability.full

  @Option("Permissions of stored files, in octal without execute bits. (default: 666 less the umask)", value: "mode")
  var fileMode: OptionValue<FileMode>?

  @Option("Memory for all uploads together. (default: 256MiB)", value: "size")
  var memoryBudget = OptionValue(SizeSetting(256 << 20), "256MiB")

  @Option("Largest file accepted. (default: no limit)", value: "size")
  var maxSize: OptionValue<SizeSetting>?

  @Option(
    help: ArgumentHelp(
      "Accept only files of this type, such as image/* (may be repeated). The type that is reported decides, which the "
        + "first bytes show: a file that only declares it is rejected with 415. (default: all)",
      valueName: "type"
    ),
    transform: OptionValue<MediaTypePattern>.init(parsing:)
  )
  var allowType: [OptionValue<MediaTypePattern>] = []

  @Option(
    help: ArgumentHelp(
      "Reject files of this type with 415, whether their first bytes show it, they declare it or they would be reported "
        + "with it (may be repeated).",
      valueName: "type"
    ),
    transform: OptionValue<MediaTypePattern>.init(parsing:)
  )
  var denyType: [OptionValue<MediaTypePattern>] = []

  @Option(
    "Compute the digest of every upload; one that a request states is always computed and compared.",
    value: "algorithm"
  )
  var digest = DigestOption.none

  @Option("Disk space to keep free. (default: 256MiB)", value: "size")
  var minFree = OptionValue(SizeSetting(256 << 20), "256MiB")

  @Option("Most files in one form, up to 10000; more are rejected with 413.", value: "count")
  var maxFiles = 1000

  @Option("Uploads at once.", value: "count")
  var maxUploads = 4096

  @Option("Requests with uploads at once of one address. (default: no limit)", value: "count")
  var maxUploadsPerClient: Int?

  @Option("Connections at once; more wait.", value: "count")
  var maxConnections = 8192

  @Option("End an upload whose client sends nothing for this long. (default: 30s)", value: "time")
  var idleTimeout = OptionValue(Duration.seconds(30), "30s")

  @Option("End an upload that is slower than this on average. (default: no limit)", value: "rate")
  var minRate: OptionValue<TransferRate>?

  @Option("Slow all uploads together down to this. (default: no limit)", value: "rate")
  var limitRate: OptionValue<TransferRate>?

  @Option("Slow each upload down to this. (default: no limit)", value: "rate")
  var limitRatePerUpload: OptionValue<TransferRate>?

  @Option("Call an upload stalled after this long without a byte. (default: 5s)", value: "time")
  var stallAfter = OptionValue(Duration.seconds(5), "5s")

  @Option("Time for running uploads to finish when the server stops. (default: 30s)", value: "time")
  var grace = OptionValue(Duration.seconds(30), "30s")

  @OptionGroup var tls: TLSOptions

  @OptionGroup var access: AccessOptions

  mutating func validate() throws {
    host = try validated { () throws(UploadError) in try ListenHost.normalized(host) }
    if let rawPort {
      try Self.check(port: rawPort, "--raw-port")
      try access.checkRawPort(host: host)
      try tls.checkRawPort(host: host)
    }
    guard maxUploads > 0, maxConnections > 0, maxUploadsPerClient ?? 1 > 0 else {
      throw ValidationError("--max-uploads, --max-uploads-per-client and --max-connections must be above 0.")
    }
    let mostParts = MultipartLimits().parts
    guard (1...mostParts).contains(maxFiles) else {
      throw ValidationError("--max-files must be from 1 to \(mostParts), the most parts that a form may have.")
    }
    guard idleTimeout.value > .zero, stallAfter.value > .zero else {
      throw ValidationError("--idle-timeout and --stall-after must be above 0.")
    }
    guard memoryBudget.value.bytes >= UInt64(MemoryBudget.minimum) else {
      throw ValidationError(
        "--memory-budget \(memoryBudget.value) is too small. Give at least \(SizeSetting(UInt64(MemoryBudget.minimum)))."
      )
    }
  }

  static func check(port: Int, _ option: String) throws {
    guard (0...65_535).contains(port) else { throw ValidationError("\(option) must be from 0 to 65535.") }
  }

  /// What a server is hosted with.
  /// - Throws: ``UploadError`` with code `badValue`; not for options that were validated.
  func engine(port: Int) throws(UploadError) -> ServerEngine.Configuration {
    var engine = ServerEngine.Configuration(server: try configuration(port: port))
    engine.certificate = tls.source
    engine.storage = storage
    engine.fileMode = fileMode?.value
    engine.minFree = minFree.value
    engine.memoryBudget = memoryBudget.value.bytes
    engine.stallAfter = stallAfter.value
    engine.graceText = grace.description
    engine.isTokenGenerated = access.token == nil
    return engine
  }

  /// The server's settings, without its certificate.
  /// - Throws: ``UploadError`` with code `badValue`.
  func configuration(port: Int) throws(UploadError) -> ServerConfiguration {
    var configuration = ServerConfiguration()
    configuration.host = host
    configuration.port = port
    configuration.rawPort = rawPort
    configuration.maxConnections = maxConnections
    configuration.limits.maxSize = maxSize?.value
    configuration.limits.types = MediaTypeRules(allowed: allowType.map(\.value), denied: denyType.map(\.value))
    configuration.digests = digest.algorithms
    configuration.limits.form.files = maxFiles
    configuration.limits.maxUploads = maxUploads
    configuration.limits.maxUploadsPerClient = maxUploadsPerClient
    configuration.limits.minRate = minRate?.value.setting
    configuration.limits.rate = limitRate?.value.setting.bytes
    configuration.limits.ratePerUpload = limitRatePerUpload?.value.setting.bytes
    configuration.limits.onCut = onCut
    configuration.access = try access.rules(host: host)
    configuration.limits.idleTimeout = idleTimeout.value
    configuration.limits.grace = grace.value
    return configuration
  }

  /// The store's settings.
  var storage: DiskStoreConfiguration {
    DiskStoreConfiguration(durability: durability, onDuplicate: onDuplicate)
  }
}

/// Digests computed of every upload: `--digest`.
enum DigestOption: String, ExpressibleByArgument, CaseIterable {
  /// Only those that a request asks for.
  case none
  case sha256

  var algorithms: Set<DigestAlgorithm> {
    switch self {
    case .none: []
    case .sha256: [.sha256]
    }
  }
}
