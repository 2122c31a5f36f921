import Dispatch
import Synchronization
import UploadTestSupport

@testable import UploadClient

/// A server of one resumable upload, which keeps what it receives in memory. Its ``serve(_:)`` is the script of a
/// ``ScriptedServer``; each connection has one request.
final class UploadKeeper: Sendable {
  /// What happens to an append.
  enum Fault: Sendable {
    /// The connection is reset after this many bytes, which are kept.
    case reset(after: Int)
    /// After this many bytes, which are kept, nothing is read before ``UploadKeeper/open()`` is called; then the others are
    /// read and lost until the client closes the connection.
    case block(after: Int)
    /// The connection is reset after this many bytes, of which nothing is kept.
    case lose(after: Int)
    /// The file is complete, and the response is lost.
    case silence
    /// The request is rejected.
    case reject(String)
    /// The upload has been deleted.
    case forget
  }

  private struct State {
    var stored: [UInt8] = []
    /// The value of `Upload-Length`, once a request has stated it.
    var length: String?
    var isComplete = false
    var exists = false
    var faults: [Fault]
    var requests: [Peer.Request] = []
  }

  private let kind: ResumableProtocol?
  private let location: String
  private let interims: Int
  private let onReject: @Sendable () -> Void
  private let onOffset: @Sendable () -> Void
  private let state: Mutex<State>
  private let gate = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - kind: nil for a server that supports no resumable uploads.
  ///   - faults: of the first appends, in order.
  ///   - interims: how many interim responses 104 precede the response to an append.
  ///   - onReject: called when an append was received that is to be rejected.
  ///   - onOffset: called when the offset is asked for.
  init(
    _ kind: ResumableProtocol?,
    location: String = "/uploads/1",
    faults: [Fault] = [],
    interims: Int = 0,
    onReject: @escaping @Sendable () -> Void = {},
    onOffset: @escaping @Sendable () -> Void = {}
  ) {
    (self.kind, self.location, self.interims) = (kind, location, interims)
    (self.onReject, self.onOffset) = (onReject, onOffset)
    state = Mutex(State(faults: faults))
  }

  /// What is stored.
  var stored: [UInt8] { state.withLock { $0.stored } }

  /// The methods of all requests.
  var methods: [String] { state.withLock { $0.requests.map(\.method) } }

  /// The values of one header field, of the requests that have it.
  func values(_ name: String) -> [String] { state.withLock { $0.requests.compactMap { $0[name] } } }

  /// Ends one `block`.
  func open() { gate.signal() }

  /// - Parameter ignoring: a method to which there is no response.
  func serve(_ peer: Peer, ignoring method: String) throws {
    let request = try peer.readHead()
    state.withLock { $0.requests.append(request) }
    if request.method == method { peer.drain() } else { try respond(request, peer) }
  }

  func serve(_ peer: Peer) throws {
    let request = try peer.readHead()
    state.withLock { $0.requests.append(request) }
    try respond(request, peer)
  }

  private func respond(_ request: Peer.Request, _ peer: Peer) throws {
    switch request.method {
    case "OPTIONS": try options(request, peer)
    case "HEAD": try offset(peer)
    case "PATCH": try append(request, peer)
    case "DELETE":
      state.withLock { $0.exists = false }
      try peer.respond("204 No Content")
    case _ where kind == nil: try plain(request, peer)
    case _:
      _ = try peer.readBody(of: request)
      state.withLock { ($0.exists, $0.stored, $0.isComplete, $0.length) = (true, [], false, request["Upload-Length"]) }
      try peer.respond("201 Created", headers: "Location: \(location)\r\nUpload-Limit: max-age=60\r\n")
    }
  }

  private func options(_ request: Peer.Request, _ peer: Peer) throws {
    switch kind {
    case .draft?: try peer.respond("200 OK", headers: "Upload-Limit: min-size=0\r\n")
    case .tus? where request.uri == "/uploads":
      try peer.respond("200 OK", headers: "Tus-Version: 1.0.0\r\nTus-Extension: creation\r\n")
    case .tus?, nil: try peer.respond("404 Not Found")
    }
  }

  private func offset(_ peer: Peer) throws {
    onOffset()
    let (exists, count, isComplete, length) = state.withLock {
      ($0.exists, $0.stored.count, $0.isComplete, $0.length)
    }
    guard exists else { return try peer.respond("404 Not Found") }
    let complete =
      switch kind {
      case .draft?: "Upload-Complete: ?\(isComplete ? 1 : 0)\r\n"
      case .tus?, nil: length.map { "Upload-Length: \($0)\r\n" } ?? "Upload-Defer-Length: 1\r\n"
      }
    // Without a length: a response to HEAD has none of its own.
    try peer.send("HTTP/1.1 200 OK\r\nUpload-Offset: \(count)\r\n\(complete)Connection: close\r\n\r\n")
  }

  private func append(_ request: Peer.Request, _ peer: Peer) throws {
    let (exists, count, fault) = state.withLock { state -> (Bool, Int, Fault?) in
      (state.exists, state.stored.count, state.faults.isEmpty ? nil : state.faults.removeFirst())
    }
    // Else unread bytes would reset the connection before the client has read the response.
    func reject(_ status: String, headers: String = "") throws {
      if request["Expect"] == nil { _ = try peer.readBody(of: request) }
      onReject()
      try peer.respond(status, headers: headers)
    }
    guard exists else { return try reject("404 Not Found") }
    guard request["Upload-Offset"] == "\(count)" else {
      return try reject("409 Conflict", headers: "Upload-Offset: \(count)\r\n")
    }
    if case .reject(let status)? = fault { return try reject(status) }
    if case .forget? = fault {
      state.withLock { $0.exists = false }
      return try reject("410 Gone")
    }
    if request["Expect"] != nil { try peer.send("HTTP/1.1 100 Continue\r\n\r\n") }
    switch fault {
    case .reset(let limit)?:
      try keep(peer.readBody(of: request, first: limit))
      return peer.reset()
    case .lose(let limit)?:
      _ = try peer.readBody(of: request, first: limit)
      return peer.reset()
    case .block(let limit)?:
      try keep(peer.readBody(of: request, first: limit))
      gate.wait()
      peer.drain()
      return peer.close()
    case .silence?, .reject?, .forget?, nil: try keep(peer.readBody(of: request))
    }
    if let length = request["Upload-Length"] { state.withLock { $0.length = length } }
    let total = stored.count
    let isLast = request["Upload-Complete"].map { $0 == "?1" } ?? true
    if isLast { state.withLock { $0.isComplete = true } }
    if case .silence? = fault { return peer.reset() }
    for offset in 0..<interims {
      try peer.send("HTTP/1.1 104 Upload Resumption Supported\r\nUpload-Offset: \(offset)\r\n\r\n")
    }
    if kind == .draft, isLast {
      let file = #"{"name":"final.bin","size":\#(total),"type":"text/plain"}"#
      return try peer.respond("201 Created", #"{"files":[\#(file)]}"#, headers: "Upload-Complete: ?1\r\n")
    }
    try peer.respond("204 No Content", headers: "Upload-Offset: \(total)\r\n")
  }

  private func plain(_ request: Peer.Request, _ peer: Peer) throws {
    if request["Expect"] != nil { try peer.send("HTTP/1.1 100 Continue\r\n\r\n") }
    let body = try peer.readBody(of: request)
    let fault = state.withLock { state in
      state.stored = body
      return state.faults.isEmpty ? nil : state.faults.removeFirst()
    }
    if case .reject(let status)? = fault { return try peer.respond(status) }
    try peer.stored("plain.bin", body.count)
  }

  private func keep(_ bytes: [UInt8]) {
    state.withLock { $0.stored += bytes }
  }
}
