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

  fileprivate init(bytes: UInt64) { self.bytes = bytes }

  static let standard = PartSize(bytes: PartPlan.defaultSize)
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
      + "a file may have 10000 of them: 156 GiB.",
    value: "size"
  )
  var s3PartSize = OptionValue(PartSize.standard, "16MiB")

  @Option("Bucket in the path of URLs, or in the host name. (default: virtual at Amazon, otherwise path)", value: "way")
  var s3Addressing: S3Addressing?

  @Option("Downloads: through this server (proxy), or by signed URLs of the object store (redirect).", value: "way")
  var s3Downloads = S3Downloads.proxy

  /// Where a server stores uploads.
  var target: StoreTarget {
    guard let store else { return .directory }
    var settings = ObjectStoreSettings(location: store.value)
    (settings.endpoint, settings.region) = (s3Endpoint?.value, s3Region)
    settings.authorities = s3Ca
    (settings.addressing, settings.downloads) = (s3Addressing, s3Downloads)
    settings.partSize = s3PartSize.value.bytes
    return .objects(settings)
  }

  /// - Throws: a `ValidationError` for options that an object store does not support.
  func check(_ files: StorageOptions) throws {
    guard store != nil, files.onCut == .keep else { return }
    throw ValidationError("--on-cut keep is not possible with --store: an object is complete, or not there.")
  }
}
