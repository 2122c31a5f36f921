import Hummingbird
import UploadCore

/// Gives every error of the library's side the shape of ``Answer/init(refusing:status:)``.
struct PlainRefusals: RouterMiddleware {
  typealias Context = BrowsingContext

  func handle(
    _ request: Request,
    context: BrowsingContext,
    next: (Request, BrowsingContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let error as any HTTPResponseError where error.status == .notFound {
      return Response(Answer(refusing: UploadError(.notFound, "Nothing is there. Start at / or /files/.")))
    } catch let error as any HTTPResponseError where error.status.code < 500 {
      return Response(Answer(refusing: UploadError(.badRequest, "The request cannot be understood.", cause: error)))
    } catch {
      return Response(Answer(refusing: .wrapping(error)))
    }
  }
}
