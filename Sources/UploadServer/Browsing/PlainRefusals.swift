import Hummingbird
import UploadCore

/// Turns every error of Hummingbird's routes into an error response like that of a rejected upload: JSON, or a page.
struct PlainRefusals: RouterMiddleware {
  typealias Context = BrowsingContext

  func handle(
    _ request: Request,
    context: BrowsingContext,
    next: (Request, BrowsingContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch {
      return Response(Answer(refusing: Self.refusal(error)).shown(on: Page(for: request.head)))
    }
  }

  private static func refusal(_ error: any Error) -> UploadError {
    switch error {
    case let error as any HTTPResponseError where error.status == .notFound:
      UploadError(.notFound, "Nothing is there. Start at / or /files/.")
    case let error as any HTTPResponseError where error.status.code < 500:
      UploadError(.badRequest, "The request cannot be understood.", cause: error)
    default: .wrapping(error)
    }
  }
}
