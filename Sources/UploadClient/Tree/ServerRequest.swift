import Glibc
import HTTPExchange
import NIOCore
import NIOHTTP1
import UploadCore
import UploadProtocol

/// Sends requests without a body that belong to no upload, such as for a listing: with the header fields, the retries and the
/// timeouts of uploads. Usable from any thread.
struct ServerRequest: Sendable {
  let resources: ClientResources
  let target: SendTarget
  /// The tree that requests for directories belong to; nil for none.
  var group: UploadGroup?

  /// The request target of a directory: `/files/DIR/` at a Sluice server, elsewhere below the path of the URL.
  /// - Parameter directory: without a slash at its end; empty for the root (``NameBytes/losslessText``).
  func uri(ofDirectory directory: String) -> String { uri(ofDirectory: directory, in: rootPath) }

  /// The path of the root, percent-encoded.
  var rootPath: String { target.path == "/" ? "/files/" : target.path }

  /// The request target of a directory below another root.
  /// - Parameter root: its path, percent-encoded, with a slash at its end.
  func uri(ofDirectory directory: String, in root: String) -> String {
    let components = NameBytes(lossless: directory).bytes.split(separator: UInt8(ascii: "/"))
    let path = components.map { PercentEncoding.encode($0) + "/" }.joined()
    return root + path + (target.query.map { "?" + $0 } ?? "")
  }

  /// Sends a request, and again while the server is unavailable or busy. Cancelling the task ends it.
  /// - Parameter onBody: as ``UploadAttempt/onResponseBody``. An attempt that is repeated calls it again from the beginning of
  ///   the body: `onAttempt` is called before each.
  /// - Returns: the response, of any status but those after which a request is repeated.
  /// - Throws: ``UploadError`` when there is none.
  func send(
    _ method: HTTPMethod,
    _ uri: String,
    onAttempt: @Sendable () -> Void = {},
    onBody: (@Sendable (ByteBuffer) -> Bool)? = nil
  ) async throws(UploadError) -> ExchangeResponse {
    let cancellation = Cancellation()
    let result = await withTaskCancellationHandler { () async -> Result<ExchangeResponse, UploadError> in
      do throws(UploadError) {
        return .success(try await send(method, uri, cancellation, onAttempt, onBody))
      } catch {
        return .failure(error)
      }
    } onCancel: {
      cancellation.cancel()
    }
    guard !cancellation.isCancelled else { throw Cancellation.error }
    return try result.get()
  }

  private func send(
    _ method: HTTPMethod,
    _ uri: String,
    _ cancellation: Cancellation,
    _ onAttempt: @Sendable () -> Void,
    _ onBody: (@Sendable (ByteBuffer) -> Bool)?
  ) async throws(UploadError) -> ExchangeResponse {
    var connection = ResumeConnection(try await attempt(method, uri, cancellation, onBody))
    while true {
      onAttempt()
      let failed: FailedAttempt
      switch await connection.exchange(connection.attempt.request, .nothing) {
      case .success(let result):
        guard ResumeStateMachine.isTemporary(result.response.status) else { return result.response }
        failed = connection.temporary(result)
      case .failure(let failure):
        // It may be repeated: the requests of this type do the same twice as once.
        guard failure.isTemporary || failure.failure?.isInterruption == true else { throw failure.error }
        failed = failure.temporary
      }
      try cancellation.check()
      try await connection.wait(after: failed, sent: 0)
    }
  }

  private func attempt(
    _ method: HTTPMethod,
    _ uri: String,
    _ cancellation: Cancellation,
    _ onBody: (@Sendable (ByteBuffer) -> Bool)?
  ) async throws(UploadError) -> UploadAttempt {
    var attempt = UploadAttempt(
      request: request(method, uri),
      content: .memory(FormInMemory()),
      part: .nothing,
      target: target,
      connector: try await resources.connector(to: target),
      // For the state of the exchange alone: no ledger has it.
      meter: UploadMeter(
        direction: .outgoing,
        mode: .stream,
        name: uri,
        size: 0,
        remote: target.authority,
        countsTime: false
      ),
      cancellation: cancellation,
      resources: resources
    )
    attempt.onResponseBody = onBody
    return attempt
  }

  /// With the fields of the user, except those about a file.
  private func request(_ method: HTTPMethod, _ uri: String) -> UploadRequest {
    var headers: HTTPHeaders = ["Host": target.hostField, "User-Agent": "sluice", "Accept": "application/json"]
    if let field = target.authorization { headers.add(name: field.name, value: field.value) }
    if let key = target.processKey { headers.add(name: "Sluice-Process", value: key) }
    let extra = resources.configuration.headers.filter { !ResumeRequests.isAboutFile($0.name) }
    for field in extra { headers.remove(name: field.name) }
    for field in extra { headers.add(name: field.name, value: field.value) }
    if method == HTTPMethod(rawValue: "MKCOL") {
      headers.replaceOrAdd(name: "Content-Length", value: "0")
      for field in TreeDetails(group: group).fields { headers.replaceOrAdd(name: field.name, value: field.value) }
    }
    let head = HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: headers)
    return UploadRequest(head: head, contentType: "")
  }
}

extension ExchangeResponse {
  /// Why the server rejected a request without a file, as an error with code `refusedByServer`.
  func rejection(hasToken: Bool) -> UploadError {
    do throws(UploadError) {
      // Its size is not compared: there is no file.
      _ = try finishedUpload(Sent(name: "", bytes: 0, type: "", hasToken: hasToken))
    } catch {
      return error
    }
    return UploadError(.refusedByServer, "HTTP \(status) \(reason)")
  }
}
