import ArgumentParser
import UploadClient
import UploadCore
import UploadProtocol

/// Which servers are believed to be who they say: options of every command that sends to others.
struct TrustOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "https: trust what the certificates in this PEM file vouch for. (default: the machine's authorities)",
      valueName: "path"
    )
  )
  var ca: String?

  @Option(
    help: ArgumentHelp(
      "https: trust the certificate with this SHA-256, whoever signed it and whatever it is for.",
      valueName: "sha256"
    ),
    transform: Self.fingerprint(parsing:)
  )
  var fingerprint: CertificateFingerprint?

  static let valueNames = ["ca", "fingerprint"]

  mutating func validate() throws {
    guard ca == nil || fingerprint == nil else {
      throw ValidationError("--ca and --fingerprint exclude each other: a fingerprint is trust enough.")
    }
    do throws(UploadError) {
      try trust.validate()
    } catch {
      throw ValidationError(error.message)
    }
  }

  var trust: ServerTrust {
    if let fingerprint { return .pinned(fingerprint) }
    return ca.map { .authorities(path: $0) } ?? .system
  }

  private static func fingerprint(parsing text: String) throws -> CertificateFingerprint {
    do throws(UploadError) {
      return try CertificateFingerprint(text)
    } catch {
      throw ValidationError(error.message)
    }
  }
}
