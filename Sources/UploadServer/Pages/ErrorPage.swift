import HTTPTypes
import Hummingbird
import NIOCore
import UploadCore

extension Page {
  /// The pages for a request whose client prefers HTML to JSON; nil for every other client.
  init?(for request: HTTPRequest) {
    guard AcceptField.prefersHTML(request.headerFields) else { return nil }
    self.init(PageLinks(request))
  }

  /// An error response for people who look at it in a browser: what happened, and a way back.
  /// - Parameters:
  ///   - message: may contain what a client sent; it is escaped here.
  ///   - linksBack: false where the link would only lead to the same error.
  func error(_ message: String, status: HTTPResponse.Status, linksBack: Bool = true) -> String {
    let title = MarkupText.escaped(status.reasonPhrase)
    let wayOn =
      status == .unauthorized
      ? tokenForm : !linksBack ? "" : "<p><a href=\"\(links.front)\">Back to the upload page</a></p>"
    return document(
      title: title,
      """
      <h1>\(title)</h1>
      <p>\(MarkupText.escaped(PlainText.sanitized(message)))</p>
      \(wayOn)
      <p><small>Status \(status.code)</small></p>
      """
    )
  }

  /// Opens the front page with a token, which its links then pass on.
  private var tokenForm: String {
    """
    <form method="get" action="\(links.frontWithoutToken)">
    <p><label>Access token: <input type="password" name="token" required autocomplete="current-password"></label>
    <button type="submit">Open</button></p>
    </form>
    """
  }
}

extension CurrentRequest {
  /// The page that shows the response to a client that prefers HTML to JSON; nil for every other client.
  var page: Page? { pageLinks.map { Page($0) } }
}

extension ServerResponse {
  /// An error response as a page, where the client wants one; every other response, and all other header fields, as they
  /// are.
  func shown(on page: Page?, linksBack: Bool = true) -> ServerResponse {
    guard let page, let problem else { return self }
    var response = self
    response.body = ByteBuffer(string: page.error(problem, status: status, linksBack: linksBack))
    response.fields[.contentType] = "text/html; charset=utf-8"
    response.fields[.contentLength] = String(response.body.readableBytes)
    return response
  }
}

/// Turns every error of Hummingbird's routes into an error response like that of a rejected upload: JSON, or a page.
struct ErrorResponseMiddleware: RouterMiddleware {
  typealias Context = BrowsingContext

  func handle(
    _ request: Request,
    context: BrowsingContext,
    next: (Request, BrowsingContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch {
      return Response(ServerResponse(failure: Self.failure(error)).shown(on: Page(for: request.head)))
    }
  }

  private static func failure(_ error: any Error) -> UploadError {
    switch error {
    case let error as any HTTPResponseError where error.status == .notFound:
      UploadError(.notFound, "Nothing is there. Start at / or /files/.")
    case let error as any HTTPResponseError where error.status.code < 500:
      UploadError(.badRequest, "The request cannot be understood.", cause: error)
    default: .wrapping(error)
    }
  }
}
