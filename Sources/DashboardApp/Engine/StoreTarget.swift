import HTTPExchange
import UploadCore
package import UploadStorageS3

/// Where a server stores uploads.
package enum StoreTarget: Sendable {
  /// In its directory.
  case directory
  /// In an object store; the directory keeps parts until they are sent.
  case objects(ObjectStoreSettings)

  /// The object store as users name it; nil for a directory.
  package var location: String? {
    switch self {
    case .directory: nil
    case .objects(let settings): settings.location.description
    }
  }
}

/// How a server reaches and uses an object store. The credentials come from the environment when the server starts.
package struct ObjectStoreSettings: Sendable {
  package var location: StoreLocation
  /// Nil for that of Amazon for the region.
  package var endpoint: S3Endpoint?
  /// Nil for that of the environment (`AWS_REGION`, `AWS_DEFAULT_REGION`), otherwise `us-east-1`.
  package var region: String?
  /// PEM file with the authorities that are trusted for it; nil for that of the environment (`AWS_CA_BUNDLE`), otherwise those
  /// of this machine.
  package var authorities: String?
  /// Nil for `virtual` at Amazon and `path` elsewhere.
  package var addressing: S3Addressing?
  /// The smallest size of parts, in bytes.
  package var partSize = PartPlan.defaultSize
  package var downloads = S3Downloads.proxy

  package init(location: StoreLocation) { self.location = location }

  /// The configuration of the client, with the credentials of the environment. Empty values count as unset. Reads small
  /// files.
  /// - Throws: ``UploadError`` with code `badValue` or `unreadableFile` where there are no credentials, `badCertificate` when
  ///   the file with authorities cannot be used.
  func client(_ environment: [String: String]) throws(UploadError) -> S3Configuration {
    func first(_ values: String?...) -> String? { values.lazy.compactMap { $0 }.first { !$0.isEmpty } }
    let region = first(region, environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"]) ?? "us-east-1"
    var configuration = S3Configuration(
      endpoint: endpoint ?? .amazon(region: region),
      bucket: location.bucket,
      region: region,
      addressing: addressing ?? (endpoint == nil ? .virtual : .path),
      credentials: try S3Credentials.load(environment)
    )
    if let path = first(authorities, environment["AWS_CA_BUNDLE"]) {
      configuration.trust = .authorities(path: path)
      try configuration.trust.validate()
    }
    return configuration
  }
}
