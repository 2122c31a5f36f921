import HTTPExchange
import UploadCore

/// Learns what the server of an upload supports: known from another upload of this run, or asked now.
struct ServerDiscovery: Sendable {
  let requests: ResumeRequests
  let knownServers: KnownServers

  /// - Throws: ``UploadError`` when there is no connection to the server, or the upload is cancelled.
  func support(_ connection: inout ResumeConnection) async throws(UploadError) -> ServerSupport {
    let (place, cancellation) = (KnownServers.Place(connection.attempt.target), connection.attempt.cancellation)
    switch try await knownServers.lookUp(place, cancellation, on: connection.loop) {
    case .known(let support): return support
    case .ask:
      do throws(UploadError) {
        let support = try await ask(&connection)
        knownServers.resolve(place, support)
        return support
      } catch {
        knownServers.resolve(place, nil)
        throw error
      }
    }
  }

  /// The server of `target` has rejected to create an upload, although it supports that by its own account.
  func noteUnsupported(_ target: SendTarget) {
    knownServers.resolve(KnownServers.Place(target), .plain)
  }

  private func ask(_ connection: inout ResumeConnection) async throws(UploadError) -> ServerSupport {
    let cancellation = connection.attempt.cancellation
    var machine = DiscoveryStateMachine()
    var action = machine.start()
    var failed: FailedAttempt?
    while true {
      switch action {
      case .found(let support): return support
      case .retry(let kind):
        guard let failed else { return .plain }
        do throws(UploadError) {
          try await connection.wait(after: failed, sent: 0)
        } catch {
          // A server that closes the connection may accept the file all the same.
          guard failed.failure != nil, !cancellation.isCancelled else { throw error }
          return .plain
        }
        action = .ask(kind)
      case .ask(let kind):
        let result = await connection.exchange(requests.options(kind), .nothing)
        try cancellation.check()
        switch result {
        case .success(let result):
          failed = connection.temporary(result)
          action = machine.responded(result.response)
        case .failure(let failure):
          let isLost = failure.failure?.isInterruption == true
          // A response that is not HTTP, for example: the upload itself reports what is wrong.
          guard failure.isTemporary || isLost else {
            if failure.failure == nil { throw failure.error }
            return .plain
          }
          failed = failure.temporary
          action = machine.failed(wasConnected: isLost)
        }
      }
    }
  }
}
