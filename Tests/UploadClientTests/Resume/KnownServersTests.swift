import HTTPExchange
import NIOCore
import NIOPosix
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// What uploads that begin at the same time know of their server.
@Suite struct KnownServersTests {
  private let servers = KnownServers()
  private let loop = MultiThreadedEventLoopGroup.singleton.next()

  private func lookUp(_ url: String, _ cancellation: Cancellation = .init()) async throws -> KnownServers.Lookup {
    try await servers.lookUp(KnownServers.Place(SendTarget(url)), cancellation, on: loop)
  }

  @Test func `one upload asks, and the others wait for what it learns`() async throws {
    #expect(try await lookUp("http://h/") == .ask)
    async let second = lookUp("http://h/")
    #expect(try await lookUp("http://h/other") == .ask)
    #expect(try await lookUp("https://h/") == .ask)
    let support = ServerSupport.resumable(.tus, maxAppendSize: nil)
    servers.resolve(KnownServers.Place(try SendTarget("http://h/")), support)
    #expect(try await second == .known(support))
    #expect(try await lookUp("http://h/") == .known(support))
  }

  @Test func `when asking fails, the next upload asks`() async throws {
    #expect(try await lookUp("http://h/") == .ask)
    servers.resolve(KnownServers.Place(try SendTarget("http://h/")), nil)
    #expect(try await lookUp("http://h/") == .ask)
  }

  @Test func `an upload that waits can be cancelled`() async throws {
    #expect(try await lookUp("http://h/") == .ask)
    let cancellation = Cancellation()
    let waiting = Task { try await lookUp("http://h/", cancellation) }
    cancellation.cancel()
    let result = await waiting.result
    #expect(throws: UploadError.self) { _ = try result.get() }
  }
}
