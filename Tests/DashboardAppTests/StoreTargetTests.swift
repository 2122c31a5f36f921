import HTTPExchange
import Testing
import UploadStorageS3

@testable import DashboardApp

/// How a server reaches an object store.
@Suite struct StoreTargetTests {
  private let keys = ["AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"]

  private func configuration(
    _ environment: [String: String],
    _ change: (inout ObjectStoreSettings) -> Void = { _ in }
  ) throws -> S3Configuration {
    var settings = ObjectStoreSettings(location: try StoreLocation("s3://uploads"))
    change(&settings)
    return try settings.client(environment.merging(keys) { $1 })
  }

  @Test(arguments: [
    (nil, [:], "us-east-1"), (nil, ["AWS_REGION": ""], "us-east-1"), ("", [:], "us-east-1"),
    (nil, ["AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"], "eu-west-1"),
    ("", ["AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"], "eu-west-1"),
    ("eu-west-3", ["AWS_REGION": "eu-west-1"], "eu-west-3"),
  ])
  func `the region is the first that is not empty: of the option, of the environment, otherwise us-east-1`(
    option: String?,
    environment: [String: String],
    region: String
  ) throws {
    let configuration = try configuration(environment) { $0.region = option }
    #expect(configuration.region == region)
    #expect(configuration.endpoint == .amazon(region: region))
  }

  @Test func `empty paths of authorities count as unset`() throws {
    for option in [nil, ""] {
      let configuration = try configuration(["AWS_CA_BUNDLE": ""]) { $0.authorities = option }
      guard case .system = configuration.trust else {
        Issue.record("\(configuration.trust)")
        continue
      }
    }
    #expect(throws: (any Error).self) { try configuration(["AWS_CA_BUNDLE": "/nowhere/ca.pem"]) }
    #expect(throws: (any Error).self) {
      try configuration(["AWS_CA_BUNDLE": "/nowhere/ca.pem"]) { $0.authorities = "" }
    }
  }
}
