import ArgumentParser
import DashboardApp
import Testing
import UploadCore
import UploadServer

@testable import SluiceCLI

/// The options about drop boxes and senders.
@Suite struct DropBoxOptionsTests {
  private func configuration(_ arguments: String...) throws -> ServerConfiguration {
    try ServeCommand.parse(arguments).server.configuration(port: 0)
  }

  @Test func `without these options every client may read, and senders have no directories`() throws {
    let plain = try configuration()
    #expect(!plain.access.isDropBox && plain.access.ownerToken == nil)
    #expect(!plain.limits.paths.isPerSender && !plain.page.asksName)
  }

  @Test func `a drop box has the owner's token that is given, or a generated one`() throws {
    let given = try configuration("--drop-box", "--admin-token", "owner-token-1")
    #expect(given.access.isDropBox && given.access.ownerToken?.text == "owner-token-1")
    #expect(given.access.token == nil, "on loopback visitors need none")
    let generated = try configuration("--drop-box", "--host", "0.0.0.0")
    #expect(generated.access.ownerToken?.text.count == 26 && generated.access.token?.text.count == 26)
    #expect(generated.access.ownerToken?.text != generated.access.token?.text)
  }

  @Test func `only a generated token is one that may be printed to a log`() throws {
    let given = try ServeCommand.parse(["--drop-box", "--admin-token", "owner-token-1"]).server.engine(port: 0)
    #expect(!given.isOwnerTokenGenerated)
    #expect(try ServeCommand.parse(["--drop-box"]).server.engine(port: 0).isOwnerTokenGenerated)
  }

  @Test func `the warning about an open server says what clients may do`() throws {
    let box = try ServeCommand.parse(["--drop-box", "--host", "0.0.0.0", "--open"]).server.engine(port: 0)
    #expect(box.accessWarning == "Every client that can reach 0.0.0.0 can upload here.")
    let open = try ServeCommand.parse(["--host", "0.0.0.0", "--open"]).server.engine(port: 0)
    #expect(open.accessWarning == "Every client that can reach 0.0.0.0 can upload and download here.")
  }

  @Test func `the options about senders become the server's configuration`() throws {
    let configuration = try configuration("--ask-name", "--per-sender", "--flat")
    #expect(configuration.page.asksName && configuration.limits.paths.isPerSender)
    #expect(!configuration.limits.paths.keepsDirectories)
  }

  @Test(arguments: [
    (["--admin-token", "owner-token-1"], "--admin-token needs --drop-box"),
    (["--drop-box", "--admin-token", "short"], "at least 8 characters"),
    (["--drop-box", "--admin-token", "same-token", "--token", "same-token"], "must differ"),
  ])
  func `options that contradict each other are rejected`(arguments: [String], hint: String) {
    let error = #expect(throws: (any Error).self) { try ServeCommand.parse(arguments) }
    #expect(ServeCommand.fullMessage(for: error ?? CancellationError()).contains(hint))
  }
}
