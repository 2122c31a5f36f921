import ArgumentParser
import DashboardApp
import UploadCore
import UploadServer
import UploadStorageS3

extension S3Addressing: ExpressibleByArgument {}
extension S3Downloads: ExpressibleByArgument {}

/// `s3://BUCKET/PREFIX`
extension StoreLocation: OptionReadable {}

/// The URL of an engine, such as `http://127.0.0.1:8080`.
extension S3Endpoint: OptionReadable {}

/// The size of parts, within what engines accept.
struct PartSize: OptionReadable {
  let bytes: UInt64

  init(_ text: String) throws(UploadError) {
    bytes = try SizeSetting(parsing: text).bytes
    guard PartPlan.sizes.contains(bytes) else {
      throw UploadError(.badValue, "\"\(PlainText.sanitized(text))\" is no part size: write one from 5MiB to 5GiB.")
    }
  }

}

/// Where uploads are stored, if not in the directory.
struct StoreOptions: ParsableArguments {
  @Option(
    "Store uploads in an object store: s3://BUCKET/PREFIX. --dir keeps parts until they are sent.",
    value: "url",
    discussion:
      "Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or from the profile "
      + "AWS_PROFILE of the shared credentials file."
  )
  var store: OptionValue<StoreLocation>?

  @Option("URL of the object store. (default: that of Amazon S3 for the region)", value: "url")
  var s3Endpoint: OptionValue<S3Endpoint>?

  @Option("Region of the bucket. (default: AWS_REGION, otherwise us-east-1)", value: "name")
  var s3Region: String?

  @Option(
    "PEM file with the authorities trusted for the object store. (default: AWS_CA_BUNDLE, otherwise those of this machine)",
    value: "path"
  )
  var s3Ca: String?

  @Option(
    "Size of parts, from 5MiB to 5GiB; larger for a file of known length that would have more than 10000. Without a length "
      + "a file may have 10000 of them: 156 GiB. (default: 16MiB)",
    value: "size"
  )
  var s3PartSize: OptionValue<PartSize>?

  @Option("Bucket in the path of URLs, or in the host name. (default: virtual at Amazon, otherwise path)", value: "way")
  var s3Addressing: S3Addressing?

  @Option(
    "Downloads: through this server (proxy), or by signed URLs of the object store (redirect). (default: proxy)",
    value: "way"
  )
  var s3Downloads: S3Downloads?

  /// Where a server stores uploads.
  var target: StoreTarget {
    guard let store else { return .directory }
    var settings = ObjectStoreSettings(location: store.value)
    (settings.endpoint, settings.region) = (s3Endpoint?.value, s3Region)
    settings.authorities = s3Ca
    settings.addressing = s3Addressing
    settings.downloads = s3Downloads ?? settings.downloads
    settings.partSize = s3PartSize?.value.bytes ?? settings.partSize
    return .objects(settings)
  }

  /// The options that mean nothing without `--store`, by their long names without dashes, and whether each is set.
  private static let details: [(name: String, isSet: @Sendable (StoreOptions) -> Bool)] = [
    ("s3-endpoint", { $0.s3Endpoint != nil }), ("s3-region", { $0.s3Region != nil }), ("s3-ca", { $0.s3Ca != nil }),
    ("s3-part-size", { $0.s3PartSize != nil }), ("s3-addressing", { $0.s3Addressing != nil }),
    ("s3-downloads", { $0.s3Downloads != nil }),
  ]

  /// The names of the options that mean nothing without `--store`.
  static var detailNames: [String] { details.map(\.name) }

  /// - Throws: a `ValidationError` for options that an object store does not support, or that only an object store has.
  func check(_ files: StorageOptions) throws {
    if store == nil, let detail = Self.details.first(where: { $0.isSet(self) }) {
      throw ValidationError(
        "--\(detail.name) is for an object store, and there is none. Add --store s3://BUCKET/PREFIX, or remove it."
      )
    }
    guard store != nil, files.onCut == .keep else { return }
    throw ValidationError("--on-cut keep is not possible with --store: an object is complete, or not there.")
  }
}
