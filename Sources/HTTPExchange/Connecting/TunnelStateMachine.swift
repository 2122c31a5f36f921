/// Decides from a proxy's responses to `CONNECT` whether there is a tunnel to the server. Events in, actions out.
struct TunnelStateMachine {
  /// What the handler does after an event.
  enum Action: Equatable {
    case none
    /// The connection now leads to the server.
    case open
    case fail(TunnelFailure)
  }

  private enum State {
    /// - Parameter informational: how many informational responses there were.
    case requested(informational: Int)
    /// A response with 2xx is being received, or bytes behind it in the same read.
    case accepted
    case over
  }

  /// Proxies send none; a few are tolerated, but not an endless stream of them.
  private static let informationalLimit = 16

  private var state = State.requested(informational: 0)

  /// The headers of a response were received.
  mutating func responded(_ status: Int, _ reason: String) -> Action {
    switch (state, status) {
    // 101 would switch to another protocol, which the request did not offer.
    case (.requested, 101): return fail(.malformed)
    case (.requested(Self.informationalLimit...), ..<200): return fail(.malformed)
    case (.requested(let count), ..<200):
      state = .requested(informational: count + 1)
      return .none
    case (.requested, 200..<300):
      state = .accepted
      return .none
    case (.requested, _): return fail(.rejected(status: status, reason: reason))
    // The server speaks only after the client in TLS: what follows the response is the proxy's own, or an attack.
    case (.accepted, _): return fail(.malformed)
    case (.over, _): return .none
    }
  }

  /// A part of a response's body was received. A response with 2xx has none (RFC 9110 section 9.3.6).
  mutating func bodyReceived() -> Action {
    switch state {
    case .requested, .accepted: fail(.malformed)
    case .over: .none
    }
  }

  /// All bytes of a read have been parsed.
  mutating func readCompleted() -> Action {
    switch state {
    case .requested, .over: return .none
    case .accepted:
      state = .over
      return .open
    }
  }

  /// The received bytes are not an HTTP response, exceed the limits on its headers, or follow one with 2xx.
  mutating func malformed() -> Action { fail(.malformed) }

  /// The connection was closed.
  mutating func disconnected() -> Action { fail(.disconnected) }

  /// The proxy took too long.
  mutating func timedOut() -> Action { fail(.timedOut) }

  private mutating func fail(_ failure: TunnelFailure) -> Action {
    switch state {
    case .requested, .accepted:
      state = .over
      return .fail(failure)
    case .over: return .none
    }
  }
}
