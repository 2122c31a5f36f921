/// Which request of a small file to send next, when a response may have been lost. No I/O.
///
/// A server that has received a whole `PUT` may have stored the file although no response arrived. Sent again, it could be
/// stored a second time, under another name. So the client looks up what the server has at the file's URL. Only what is
/// not there is sent again, with `If-None-Match: *` (RFC 9110 section 13.1.2), as the first request may still be processed.
struct LostResponseStateMachine: Equatable {
  enum Request: Equatable {
    /// The ordinary `PUT`.
    case put
    /// `GET` of the file.
    case lookUp
    /// `PUT` with `If-None-Match: *`.
    case putIfAbsent
  }

  /// What a response means.
  enum Action: Equatable {
    /// It is that of an upload, and decides by its status.
    case respond
    /// The server has the file.
    case stored
    /// Send ``LostResponseStateMachine/request``, which is another one now.
    case send
    /// The server is busy: send the same request again, after a pause.
    case pause
    /// The server has another file at the URL.
    case failDifferent
    /// It is not known what the server has.
    case failUnknown
  }

  /// Statuses after which a request without a body is sent again.
  private static let temporary: Set<Int> = [429, 502, 503, 504]

  /// The request to send.
  private(set) var request = Request.put
  /// Whether the server has rejected ``Request/putIfAbsent``, because there is a file at the URL.
  private var exists = false

  /// The server may have received the whole request, and there is no complete response.
  mutating func lost() { request = .lookUp }

  /// A complete response has arrived.
  /// - Parameter hasContent: whether its body is the file's content; used for ``Request/lookUp``.
  mutating func responded(_ status: Int, hasContent: @autoclosure () -> Bool) -> Action {
    switch request {
    case .put: return .respond
    case .putIfAbsent:
      guard status == 412 else { return .respond }
      // The first request has stored it since, or another client.
      (request, exists) = (.lookUp, true)
      return .send
    case .lookUp:
      switch status {
      case 200, 206: return hasContent() ? .stored : .failDifferent
      // No byte of the range exists: the file is shorter.
      case 416: return .failDifferent
      // Where the server has a file and shows none, it hides all of them.
      case 404 where exists, 410 where exists: return .failUnknown
      case 404, 410:
        request = .putIfAbsent
        return .send
      case _ where Self.temporary.contains(status): return .pause
      case _: return .failUnknown
      }
    }
  }
}
