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
  @Option(help: ArgumentHelp("Address or name to listen on; * for all addresses.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(help: ArgumentHelp("Also take plain TCP on this port: bytes until FIN become a file.", valueName: "port"))
  var rawPort: Int?

  @Option(
    help: ArgumentHelp(
      "When a name is taken: rename the new file, refuse it (error), or replace the old one.",
      valueName: "policy"
    )
  )
  var onDuplicate = DuplicatePolicy.rename

  @Option(
    help: ArgumentHelp(
      "What came of a body that was cut: discard it, or keep it as NAME.partial.",
      valueName: "policy"
    )
  )
  var onCut = CutPolicy.discard

  @Option(
    help: ArgumentHelp(
      "What is synced before the answer: file and directory (full), the file, or nothing (none).",
      valueName: "level"
    )
  )
  var durability = Durability.full

  @Option(
    help: ArgumentHelp(
      "Permissions of stored files, in octal without execute bits. (default: 666 less the umask)",
      valueName: "mode"
    ),
    transform: FileMode.init(parsing:)
  )
  var fileMode: FileMode?

  @Option(
    help: ArgumentHelp("Memory for all uploads together. (default: 256MiB)", valueName: "size"),
    transform: SizeArgument.init(parsing:)
  )
  var memoryBudget = SizeArgument(bytes: 256 << 20, "256MiB")

  @Option(
    help: ArgumentHelp("Largest file taken. (default: no limit)", valueName: "size"),
    transform: SizeArgument.init(parsing:)
  )
  var maxSize: SizeArgument?

  @Option(
    help: ArgumentHelp(
      "Accept only files of this type, such as image/* (may be repeated). The type that is reported decides, which the "
        + "first bytes show: a file that only declares it is rejected with 415. (default: all)",
      valueName: "type"
    ),
    transform: MediaTypePattern.init(parsing:)
  )
  var allowType: [MediaTypePattern] = []

  @Option(
    help: ArgumentHelp(
      "Reject files of this type with 415, whether their first bytes show it, they declare it or they would be reported "
        + "with it (may be repeated).",
      valueName: "type"
    ),
    transform: MediaTypePattern.init(parsing:)
  )
  var denyType: [MediaTypePattern] = []

  @Option(
    help: ArgumentHelp(
      "Compute the digest of every upload; one that a request states is always computed and compared.",
      valueName: "algorithm"
    )
  )
  var digest = DigestOption.none

  @Option(
    help: ArgumentHelp("Leave so much of the disk free. (default: 256MiB)", valueName: "size"),
    transform: SizeArgument.init(parsing:)
  )
  var minFree = SizeArgument(bytes: 256 << 20, "256MiB")

  @Option(help: ArgumentHelp("Most files in one form, up to 10000; more are rejected with 413.", valueName: "count"))
  var maxFiles = 1000

  @Option(help: ArgumentHelp("Uploads at once.", valueName: "count"))
  var maxUploads = 4096

  @Option(help: ArgumentHelp("Requests with uploads at once of one address. (default: no limit)", valueName: "count"))
  var maxUploadsPerClient: Int?

  @Option(help: ArgumentHelp("Connections at once; more wait.", valueName: "count"))
  var maxConnections = 8192

  @Option(
    help: ArgumentHelp("End an upload whose client sends nothing for this long. (default: 30s)", valueName: "time"),
    transform: TimeArgument.init(parsing:)
  )
  var idleTimeout = TimeArgument(seconds: 30, "30s")

  @Option(
    help: ArgumentHelp("End an upload that is slower than this on average. (default: no limit)", valueName: "rate"),
    transform: RateArgument.init(parsing:)
  )
  var minRate: RateArgument?

  @Option(
    help: ArgumentHelp("Slow all uploads together down to this. (default: no limit)", valueName: "rate"),
    transform: RateArgument.init(parsing:)
  )
  var limitRate: RateArgument?

  @Option(
    help: ArgumentHelp("Slow each upload down to this. (default: no limit)", valueName: "rate"),
    transform: RateArgument.init(parsing:)
  )
  var limitRatePerUpload: RateArgument?

  @Option(
    help: ArgumentHelp("Call an upload stalled after this long without a byte. (default: 5s)", valueName: "time"),
    transform: TimeArgument.init(parsing:)
  )
  var stallAfter = TimeArgument(seconds: 5, "5s")

  @Option(
    help: ArgumentHelp("When stopped, let running uploads go on this long. (default: 30s)", valueName: "time"),
    transform: TimeArgument.init(parsing:)
  )
  var grace = TimeArgument(seconds: 30, "30s")

  @OptionGroup var tls: TLSOptions

  @OptionGroup var access: AccessOptions

  static let valueNames =
    [
      "host", "raw-port", "on-duplicate", "on-cut", "durability", "file-mode", "memory-budget", "max-size", "min-free",
      "allow-type", "deny-type", "digest",
      "max-files", "max-uploads", "max-uploads-per-client", "max-connections", "idle-timeout", "min-rate", "limit-rate",
      "limit-rate-per-upload", "stall-after", "grace",
    ] + TLSOptions.valueNames + AccessOptions.valueNames
  static let switchNames = AccessOptions.switchNames

  mutating func validate() throws {
    do throws(UploadError) {
      host = try ListenHost.normalized(host)
    } catch {
      throw ValidationError(error.message)
    }
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
    guard idleTimeout.duration > .zero, stallAfter.duration > .zero else {
      throw ValidationError("--idle-timeout and --stall-after must be above 0.")
    }
    guard memoryBudget.bytes >= UInt64(MemoryBudget.minimum) else {
      throw ValidationError(
        "--memory-budget \(memoryBudget.size) is too small. Give at least \(SizeSetting(UInt64(MemoryBudget.minimum)))."
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
    engine.fileMode = fileMode
    engine.minFree = minFree.size
    engine.memoryBudget = memoryBudget.bytes
    engine.stallAfter = stallAfter.duration
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
    configuration.limits.maxSize = maxSize?.size
    configuration.limits.types = MediaTypeRules(allowed: allowType, denied: denyType)
    configuration.digests = digest.algorithms
    configuration.limits.form.files = maxFiles
    configuration.limits.maxUploads = maxUploads
    configuration.limits.maxUploadsPerClient = maxUploadsPerClient
    configuration.limits.minRate = minRate?.rate
    configuration.limits.rate = limitRate?.bytesPerSecond
    configuration.limits.ratePerUpload = limitRatePerUpload?.bytesPerSecond
    configuration.limits.onCut = onCut
    configuration.access = try access.rules(host: host)
    configuration.limits.idleTimeout = idleTimeout.duration
    configuration.limits.grace = grace.duration
    return configuration
  }

  /// The store's settings.
  var storage: DiskStore.Configuration {
    DiskStore.Configuration(durability: durability, onDuplicate: onDuplicate)
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
