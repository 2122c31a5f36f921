import ArgumentParser
import DashboardApp
import Testing
import UploadStorageS3

@testable import SluiceCLI

/// The options about an object store.
@Suite struct StoreOptionsTests {
  private static let details = [
    ["--s3-endpoint", "http://127.0.0.1:9000"], ["--s3-region", "eu-west-1"], ["--s3-ca", "ca.pem"],
    ["--s3-part-size", "8MiB"], ["--s3-addressing", "path"], ["--s3-downloads", "redirect"],
  ]

  private func settings(_ arguments: [String]) throws -> ObjectStoreSettings? {
    let target = try ServeCommand.parse(arguments).objects.target
    if case .objects(let settings) = target { return settings }
    return nil
  }

  @Test func `the options become the settings of the object store`() throws {
    #expect(try settings([]) == nil)
    let plain = try #require(try settings(["--store", "s3://uploads/in"]))
    #expect(plain.location.description == "s3://uploads/in" && plain.region == nil && plain.addressing == nil)
    #expect(plain.partSize == 16 << 20 && plain.downloads == .proxy)
    let full = try #require(try settings(["--store", "s3://uploads"] + Self.details.flatMap { $0 }))
    #expect(full.region == "eu-west-1" && full.addressing == .path && full.authorities == "ca.pem")
    #expect(full.partSize == 8 << 20 && full.downloads == .redirect && full.endpoint != nil)
  }

  @Test(arguments: details) func `an option about an object store without one is an error that says so`(
    arguments: [String]
  ) throws {
    for command in [ServeCommand.self, DashboardCommand.self] as [any ParsableCommand.Type] {
      let error = try #require(throws: (any Error).self) { _ = try command.parse(arguments) }
      let message = command.fullMessage(for: error)
      #expect(message.contains(arguments[0]) && message.contains("--store s3://BUCKET/PREFIX"), "\(message)")
    }
  }

  @Test func `variables about an object store are ignored without one`() throws {
    let environment = ["SLUICE_S3_REGION": "eu-west-1", "SLUICE_S3_DOWNLOADS": "redirect"]
    let ignored = [[:], ["SLUICE_STORE": ""]]
    for more in ignored {
      #expect(EnvironmentDefaults.adding(environment.merging(more) { $1 }, to: ["serve"]) == ["serve"])
    }
    let added = ["--s3-region=eu-west-1", "--s3-downloads=redirect"]
    let store = environment.merging(["SLUICE_STORE": "s3://b"]) { $1 }
    #expect(EnvironmentDefaults.adding(store, to: ["serve"]) == ["serve", "--store=s3://b"] + added)
    let given = ["--store", "s3://b"]
    #expect(EnvironmentDefaults.adding(environment, to: ["serve"] + given) == ["serve"] + added + given)
  }

  @Test func `the options without a meaning of their own are all that begin with s3`() {
    let names = CommandDescription.of(ServeCommand.self).optionNames.filter { $0.hasPrefix("s3-") }
    #expect(Set(StoreOptions.detailNames) == Set(names))
  }
}
