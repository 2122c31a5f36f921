import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// A request without a body that makes a directory (MKCOL), with its parents. Lives on the connection's event loop.
final class DirectoryCreation: IncomingBody {
  private let path: DirectoryPath
  /// The target of the request, as it was sent.
  private let target: String
  private weak var delegate: (any IncomingBodyDelegate)?

  init(_ path: DirectoryPath, target: String, delegate: any IncomingBodyDelegate) {
    (self.path, self.target, self.delegate) = (path, target, delegate)
  }

  var hasRoom: Bool { true }

  /// No file is uploaded: failures are reported as rejected requests.
  var meter: UploadMeter? { nil }

  func receive(_ bytes: ByteBuffer) throws(UploadError) {}

  func end(trailers: HTTPFields?) throws(UploadError) {
    guard let delegate else { return }
    let (store, path) = (delegate.server.store, path)
    delegate.eventLoop.makeFutureWithTask { try await store.makeDirectory(path) }
      .assumeIsolated()
      .whenComplete { self.end($0) }
  }

  func fail(_ error: UploadError) {
    end(.failure(error))
  }

  private func end(_ result: Result<Bool, any Error>) {
    // Only the first result counts.
    guard let delegate else { return }
    self.delegate = nil
    switch result {
    case .success(true): delegate.bodyEnded(.response(.created(path, target: target)))
    // RFC 4918 section 9.3.1. Clients ask for directories that may exist: that is nothing to report.
    case .success(false):
      let message =
        path.isRoot
        ? "The upload directory always exists." : "The directory \"\(path)\" exists already. Send files into it."
      delegate.bodyEnded(.response(ServerResponse(failure: message, status: .methodNotAllowed)))
    case .failure(let error): delegate.bodyEnded(.failed(.wrapping(error)))
    }
  }
}
