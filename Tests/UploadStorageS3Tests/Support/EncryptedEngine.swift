import HTTPExchange
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import UploadProtocol
import UploadTestSupport

@testable import UploadStorageS3

/// An https engine on a loopback port that accepts every request and keeps its connections.
final class EncryptedEngine: Sendable {
  struct Request: Sendable {
    let head: HTTPRequestHead
    let body: ByteBuffer
  }

  private final class Log: Sendable {
    let requests = Mutex<[Request]>([])
  }

  private let channel: any Channel
  private let log: Log

  init() async throws {
    let log = Log()
    self.log = log
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
          try pipeline.addHandler(Responder(log))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  var port: Int { channel.localAddress?.port ?? 0 }
  var requests: [Request] { log.requests.withLock { $0 } }

  static func fingerprint() throws -> CertificateFingerprint {
    CertificateFingerprint(certificate: try certificate().toDERBytes())
  }

  func stop() async throws { try await channel.close() }

  private static func certificate() throws -> NIOSSLCertificate {
    try NIOSSLCertificate(bytes: Array(TestCertificate.certificate.utf8), format: .pem)
  }

  private final class Responder: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let log: Log
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ log: Log) { self.log = log }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch Self.unwrapInboundIn(data) {
      case .head(let head): (self.head, body) = (head, ByteBuffer())
      case .body(var bytes): body.writeBuffer(&bytes)
      case .end:
        guard let head else { return }
        log.requests.withLock { $0.append(Request(head: head, body: body)) }
        let response = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "0"])
        context.write(NIOAny(OutboundOut.head(response)), promise: nil)
        context.writeAndFlush(NIOAny(OutboundOut.end(nil)), promise: nil)
      }
    }
  }
}
