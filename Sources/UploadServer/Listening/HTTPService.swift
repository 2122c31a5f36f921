import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import UploadProtocol

/// Hummingbird's HTTP server with a responder behind it.
///
/// It does what Hummingbird's `Application` does, but for the clock of that, which wakes up every second to have the text
/// of the `Date` field ready: on a server at rest as well.
enum HTTPService {
  /// - Parameters:
  ///   - responder: what responds to requests that are no uploads.
  ///   - server: makes the channel of a connection.
  ///   - onListening: called once the port is open.
  static func make(
    responder: some HTTPResponder<BrowsingContext>,
    server: HTTPServerBuilder,
    configuration: HummingbirdCore.ServerConfiguration,
    eventLoopGroup: any EventLoopGroup,
    logger: Logger,
    onListening: @escaping @Sendable (any Channel) async -> Void
  ) throws -> any Service {
    try server.buildServer(
      configuration: configuration,
      eventLoopGroup: eventLoopGroup,
      logger: logger,
      responder: { request, writer, channel in
        let context = BrowsingContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
        var response: Response
        do {
          response = try await responder.respond(to: request, context: context)
        } catch let error as HTTPParserError {
          throw error
        } catch {
          response = Response(status: .internalServerError)
        }
        response.headers[.date] = HTTPDate.text(CurrentTime.seconds)
        response.headers[.server] = configuration.serverName
        do {
          try await writer.write(response: response.head, body: response.body)
        } catch is HTTPParserError {
          // Thrown as it is, Hummingbird would write another response.
          throw CancellationError()
        }
      },
      onServerRunning: onListening
    )
  }
}
