import Testing
import UploadTestSupport

/// An upload resource as a test's own client sees it. Each request has a connection of its own.
struct ResumableUpload: Sendable {
  let kind: ResumableProtocol
  /// The server's port; another one after a restart.
  var port: Int
  /// The path of its URL.
  let path: String

  /// Creates an upload without content.
  /// - Parameters:
  ///   - length: of the file; nil to leave it open.
  ///   - fields: further ones of the request.
  static func create(
    _ kind: ResumableProtocol,
    port: Int,
    name: String = "x",
    length: Int?,
    fields: [String] = []
  ) async throws -> ResumableUpload {
    let (method, target) = kind.creationTarget(name)
    let socket = try Socket(port: port)
    let created = try await socket.exchange(method, target, kind.creationFields(name, length: length) + fields)
    #expect(created.status == 201, "\(created)")
    return try ResumableUpload(kind, port: port, created: created)
  }

  /// - Parameter created: the response that names it.
  init(_ kind: ResumableProtocol, port: Int, created: HTTPResponse) throws {
    let location = try #require(created.field("Location"), "\(created)")
    self.kind = kind
    self.port = port
    path = try #require(location.firstMatch(of: /^https?:\/\/[^\/]+(\/.*)$/).map { String($0.output.1) }, "\(location)")
  }

  /// Sends a request with the fields that are given, besides the protocol's own.
  func request(_ method: String, _ fields: [String] = [], body: [UInt8] = []) async throws -> HTTPResponse {
    let socket = try Socket(port: port)
    return try await socket.exchange(method, path, [kind.versionField] + fields, body: body)
  }

  /// How many bytes the server has promised to have.
  /// - Parameter method: GET leaves a running request alone, HEAD ends it.
  func offset(_ method: String = "HEAD") async throws -> Int {
    let found = try await request(method)
    #expect(found.status == kind.foundStatus, "\(found)")
    return try #require(found.field("Upload-Offset").flatMap { Int($0) }, "\(found)")
  }

  /// Sends one complete PATCH.
  @discardableResult
  func append(_ bytes: [UInt8], at offset: Int, isLast: Bool = true, fields: [String] = []) async throws
    -> HTTPResponse
  {
    let socket = try Socket(port: port)
    return try await socket.exchange(
      "PATCH",
      path,
      kind.appendFields(at: offset, isLast: isLast) + fields,
      body: bytes
    )
  }

  /// Begins a PATCH with all of `content` from an offset on, and sends only the first `count` bytes of the body.
  func begin(_ content: [UInt8], at offset: Int, sending count: Int) async throws -> Socket {
    let socket = try Socket(port: port)
    let fields = kind.appendFields(at: offset, isLast: true) + ["Content-Length: \(content.count - offset)"]
    try await socket.send(RequestHead.bytes("PATCH", path, fields) + Array(content[offset..<(offset + count)]))
    return socket
  }

  /// Sends a part of a PATCH, ends the sending side, and waits until the server has closed the connection.
  func interrupt(_ content: [UInt8], at offset: Int, sending count: Int) async throws {
    let socket = try await begin(content, at: offset, sending: count)
    socket.finish()
    _ = try? await socket.receive()
  }

  /// Sends a part of a PATCH and resets the connection, with which bytes on their way may be lost.
  func reset(_ content: [UInt8], at offset: Int, sending count: Int) async throws {
    let socket = try await begin(content, at: offset, sending: count)
    socket.resetOnClose()
  }
}

extension Socket {
  /// Sends a request with a Content-Length and receives its final response; interim ones are skipped.
  func exchange(_ method: String, _ target: String, _ fields: [String] = [], body: [UInt8] = []) async throws
    -> HTTPResponse
  {
    try await send(RequestHead.bytes(method, target, fields + ["Content-Length: \(body.count)"]) + body)
    return try await finalResponse(to: method)
  }

  /// Receives responses up to the first final one.
  func finalResponse(to method: String) async throws -> HTTPResponse {
    let received = try await receive { received in
      HTTPResponse.parse(received, to: method).contains { $0.status >= 200 }
    }
    let last = HTTPResponse.parse(received, to: method).first { $0.status >= 200 }
    // No failure in itself: a newer request may have ended this one.
    guard let last else { throw TimeoutError("no response: \(String(decoding: received, as: UTF8.self))") }
    return last
  }
}

extension TemporaryDirectory {
  /// Where a server keeps unfinished uploads, and the records of those that have finished lately.
  private static let unfinished = ".sluice-uploads"

  /// The names of temporary files for uploads that cannot be resumed.
  func temporaryNames() throws -> [String] {
    try names().filter { $0.hasPrefix(".sluice-") && $0 != Self.unfinished }
  }

  /// The names of files that are not hidden.
  func visibleNames() throws -> [String] {
    try names().filter { !$0.hasPrefix(".") }
  }

  /// The names of the files with the content of unfinished uploads.
  func unfinishedContents() throws -> [String] {
    guard try names().contains(Self.unfinished) else { return [] }
    return try TemporaryDirectory(inside: file(Self.unfinished)).names().filter { $0.hasSuffix(".part") }
  }

  /// Expects that it has this one file, and no content of an unfinished upload.
  func expectOnly(_ name: String, _ content: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(try visibleNames() == [name], sourceLocation: sourceLocation)
    #expect(try unfinishedContents() == [], sourceLocation: sourceLocation)
    #expect(try Digest.ofFile(file(name)) == Digest.of(content), sourceLocation: sourceLocation)
  }
}
