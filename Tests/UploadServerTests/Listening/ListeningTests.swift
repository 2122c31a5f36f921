import Glibc
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

@Suite struct ListeningTests {
  private func failure(_ configuration: ServerConfiguration) async throws -> UploadError {
    try await withTemporaryDirectory { place in
      let parts = try RunningServer.Parts(place)
      let server = parts.server(configuration)
      let error = try await #require(throws: UploadError.self) {
        try await server.run { _ in Issue.record("it listens") }
      }
      try await parts.shutDown()
      return error
    }
  }

  @Test func `The message about a taken port names its owner and a remedy`() async throws {
    try await RunningServer.with { server in
      var configuration = RunningServer.configuration
      configuration.port = server.port
      let error = try await failure(configuration)
      #expect(error.code == .cannotListen)
      #expect(error.message.contains("port \(server.port) on 127.0.0.1 is taken (by "))
      #expect(error.message.contains("process \(getpid()))"))
      #expect(error.message.contains("Choose another with --port, or 0 for any."))
    }
  }

  @Test func `The message about a taken raw port advises to choose another with --raw-port`() async throws {
    try await RunningServer.with { server in
      var configuration = RunningServer.configuration
      configuration.rawPort = server.port
      let error = try await failure(configuration)
      #expect(error.code == .cannotListen)
      #expect(error.message.contains("Choose another with --raw-port"))
    }
  }

  @Test func `When the HTTP port is taken, the raw port is released`() async throws {
    try await RunningServer.with { server in
      var configuration = RunningServer.configuration
      configuration.port = server.port
      let port = try HeldPort()
      configuration.rawPort = port.number
      let error = try await failure(configuration)
      #expect(error.message.contains("Choose another with --port"))
      #expect(PortOwner.describe(port: port.number) == nil)
    }
  }

  @Test
  func `Listening on an address that this machine does not have fails, with the advice to check --host`() async throws {
    var configuration = RunningServer.configuration
    configuration.host = "192.0.2.1"
    let error = try await failure(configuration)
    #expect(error.code == .cannotListen)
    #expect(error.message.contains("Check --host."))
  }

  @Test(arguments: [nil, 0] as [Int?]) func `the message about an unknown host names it`(rawPort: Int?)
    async throws
  {
    var configuration = RunningServer.configuration
    configuration.host = "no-such-host.invalid"
    configuration.rawPort = rawPort
    let error = try await failure(configuration)
    #expect(error.code == .cannotListen)
    #expect(error.message.contains("no address is known for the host \"no-such-host.invalid\""), "\(error.message)")
    #expect(error.message.contains("Check --host."))
    #expect(!error.message.contains("SocketAddressError"))
  }

  @Test func `the message about a link-local address without an interface shows no internal error`() async throws {
    var configuration = RunningServer.configuration
    configuration.host = "fe80::1"
    let error = try await failure(configuration)
    #expect(error.code == .cannotListen)
    #expect(!error.message.contains("IOError"), "\(error.message)")
  }

  @Test func `A free port and an invalid port number have no owner`() {
    for port in [-1, 0, 1, 65_536, .max] { #expect(PortOwner.describe(port: port) == nil) }
  }

  @Test func `The URL of a server address has brackets around IPv6, and an escaped zone`() {
    #expect(ServerAddress(host: "127.0.0.1", port: 80, rawPort: nil).url == "http://127.0.0.1:80")
    #expect(ServerAddress(host: "::1", port: 80, rawPort: 9).url == "http://[::1]:80")
    #expect(ServerAddress(host: "fe80::1%eth0", port: 80, rawPort: nil).url == "http://[fe80::1%25eth0]:80")
  }

  @Test func `the URLs of a server on several addresses have the best one first, and IPv6 in brackets`() {
    var address = ServerAddress(host: "10.0.0.2", port: 80)
    address.otherHosts = ["192.168.1.7", "2001:db8::7"]
    #expect(address.urls == ["http://10.0.0.2:80", "http://192.168.1.7:80", "http://[2001:db8::7]:80"])
    #expect(ServerAddress(host: "::1", port: 80).urls == ["http://[::1]:80"])
  }
}
