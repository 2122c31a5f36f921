import HTTPExchange
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization
import UploadCore
import UploadProtocol
import UploadTestSupport

@testable import UploadClient

/// An https server at a loopback port of its own that accepts every request and keeps its connections.
final class EncryptedServer: Sendable {
  private let channel: any Channel
  private let counts: Counts

  private final class Counts: Sendable {
    let handshakes = Mutex(0)
    let requests = Mutex(0)
  }

  init() async throws {
    let counts = Counts()
    self.counts = counts
    let context = try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: [.certificate(Self.certificate())],
        privateKey: .privateKey(NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem))
      )
    )
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(NIOSSLServerHandler(context: context))
          try pipeline.configureHTTPServerPipeline()
          try pipeline.addHandler(Responder(counts))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  /// How many connections have completed the TLS handshake.
  var handshakes: Int { counts.handshakes.withLock { $0 } }
  var requests: Int { counts.requests.withLock { $0 } }

  func target() throws -> SendTarget {
    let fingerprint = CertificateFingerprint(certificate: try Self.certificate().toDERBytes())
    return try SendTarget("https://127.0.0.1:\(channel.localAddress?.port ?? 0)", trust: .pinned(fingerprint))
  }

  func stop() async throws { try await channel.close() }

  private static func certificate() throws -> NIOSSLCertificate {
    try NIOSSLCertificate(bytes: Array(TestCertificate.certificate.utf8), format: .pem)
  }

  private final class Responder: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let counts: Counts

    init(_ counts: Counts) { self.counts = counts }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if case TLSUserEvent.handshakeCompleted = event { counts.handshakes.withLock { $0 += 1 } }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard case .end = Self.unwrapInboundIn(data) else { return }
      counts.requests.withLock { $0 += 1 }
      let head = HTTPResponseHead(version: .http1_1, status: .created, headers: ["Content-Length": "0"])
      context.write(NIOAny(OutboundOut.head(head)), promise: nil)
      context.writeAndFlush(NIOAny(OutboundOut.end(nil)), promise: nil)
    }
  }
}
