import Foundation
import Testing
import UploadTestSupport

/// Every kind of body through a network that does its worst, byte for byte.
@Suite(.curl) struct HostileNetworkTests {
  /// A kind of body, and where it goes.
  enum Kind: CaseIterable {
    case length, chunks, form, raw

    var framing: CutUploadTests.Framing? {
      switch self {
      case .length: .length
      case .chunks: .chunks
      case .form: .form
      case .raw: nil
      }
    }

    /// All that the client sends for a file of `size` bytes, and where the file's bytes lie.
    func request(size: Int) -> (bytes: [UInt8], file: Range<Int>) {
      framing?.request(size: size) ?? (SplitMix64.bytes(size), 0..<size)
    }
  }

  private static let size = 1_500_000

  private static let options = ["--raw-port", "0"]
  /// For clients that stop sending for good.
  private static let impatient = options + ["--idle-timeout", "2s"]

  /// Sends through a faulty network, and ends the sending side where that belongs to it.
  /// - Returns: the received bytes; nil after a reset.
  private func send(_ kind: Kind, _ fault: FaultyProxy.Fault, size: Int, _ server: SluiceServer) async throws
    -> [UInt8]?
  {
    let target = kind == .raw ? server.rawPort : server.port
    return try await FaultyProxy.with(fault, target: target) { proxy in
      let socket = try Socket(port: proxy.port)
      do {
        try await socket.send(kind.request(size: size).bytes)
        if fault.limit == nil, kind == .raw || fault.waitsForTheEnd { socket.finish() }
        return try await socket.receive { kind != .raw && !HTTPResponse.parse($0).isEmpty }
      } catch is SocketError {
        return nil
      }
    }
  }

  private func status(_ bytes: [UInt8]?, _ kind: Kind) throws -> Int? {
    guard let bytes, !bytes.isEmpty else { return nil }
    return kind == .raw
      ? try ResponseJSON(String(decoding: bytes, as: UTF8.self)).status : HTTPResponse.parse(bytes).first?.status
  }

  private static let pieces: [FaultyProxy.Fault] = [
    .split(1), .split(7), .merged(200_000), .trickle(100, .milliseconds(2)),
  ]

  @Test(arguments: Kind.allCases, pieces)
  func `a body that is split, merged or delayed is stored intact`(kind: Kind, fault: FaultyProxy.Fault) async throws {
    // A byte at a time is a system call a byte: a small file will do.
    let size = fault.description == "split 1" || fault.description.hasPrefix("trickle") ? 20_000 : Self.size
    try await withServer(Self.options) { server in
      let response = try await send(kind, fault, size: size, server)
      #expect(try status(response, kind) == 201)
      let names = try server.uploads.names()
      #expect(names.count == 1)
      #expect(try Digest.ofFile(server.uploads.file(try #require(names.first))) == Digest.of(SplitMix64.bytes(size)))
    }
  }

  /// Bytes before the fault: in the headers, after them, in the first slab, in the middle, before the last byte.
  private static let places = [5, 150, 40_000, 900_000, -1]

  @Test(arguments: Kind.allCases, places)
  func `a request that stalls for the idle timeout gets 408 and stores nothing`(kind: Kind, place: Int) async throws {
    try await withServer(Self.impatient) { server in
      let at = place < 0 ? kind.request(size: Self.size).bytes.count - 4 : place
      let response = try await send(kind, .stall(at: at), size: Self.size, server)
      #expect(try status(response, kind) == 408)
      try await server.expectEmptyAndWell()
    }
  }

  @Test(arguments: [Kind.length, .chunks, .form], places)
  func `FIN in a request's body gets 400, and no incomplete request is stored`(kind: Kind, place: Int) async throws {
    try await withServer(Self.options) { server in
      let at = place < 0 ? kind.request(size: Self.size).bytes.count - 4 : place
      let response = try await send(kind, .halfClose(at: at), size: Self.size, server)
      // Incomplete headers are no request and need no response.
      let status = try status(response, kind)
      #expect(status == 400 || (status == nil && place == 5))
      try await server.expectEmptyAndWell()
    }
  }

  @Test(arguments: Kind.allCases, places)
  func `a connection that is reset during the request stores nothing`(kind: Kind, place: Int) async throws {
    try await withServer(Self.options) { server in
      let at = place < 0 ? kind.request(size: Self.size).bytes.count - 4 : place
      #expect(try await send(kind, .reset(at: at), size: Self.size, server) ?? [] == [])
      try await eventually("the file's end") { try server.unnamedFiles == 0 }
      try await server.expectEmptyAndWell()
    }
  }

  @Test func `after six rounds of network faults no descriptor and no memory is leaked`() async throws {
    try await withServer(Self.options) { server in
      let faults: [FaultyProxy.Fault] = [
        .split(50_000), .merged(300_000), .halfClose(at: 900_000), .reset(at: 40_000), .reset(at: 900_000),
        .reset(at: 5),
      ]
      func round() async throws {
        for kind in Kind.allCases {
          for fault in faults { _ = try await send(kind, fault, size: Self.size, server) }
        }
        try await eventually("no connection and no file open") {
          try server.unnamedFiles == 0 && server.sockets <= 2
        }
      }
      // The first round makes what stays: threads, buffers, caches.
      try await round()
      let descriptors = try server.descriptors.count
      let memory = try server.residentBytes
      for _ in 0..<5 { try await round() }
      #expect(try server.descriptors.count <= descriptors)
      try await eventually("the memory's return (\(memory) bytes)") {
        try server.residentBytes < memory + (16 << 20)
      }
      let left = try server.uploads.names().filter { $0.hasPrefix(".") || $0.hasSuffix(".partial") }
      #expect(left == [])
    }
  }

  @Test(arguments: ["GET /healthz HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket", "GET / HTTP/2.0"])
  func `48 MiB sent after a connection's last request do not fill the server's memory`(head: String) async throws {
    try await withServer { server in
      let socket = try Socket(port: server.port)
      try await socket.send(head + "\r\nHost: localhost\r\n\r\n")
      let response = try await socket.receiveResponses().first
      #expect(response?.status == (head.hasSuffix("2.0") ? 400 : 200))
      #expect(response?.head.lowercased().contains("connection: close") == true)
      let memory = try server.residentBytes
      let junk = [UInt8](repeating: 0x78, count: 1 << 20)
      try await socket.send(Array(repeating: junk, count: 48))
      #expect(try server.residentBytes < memory + (24 << 20))
      try await server.expectEmptyAndWell()
    }
  }

  private static let keeping = ["--on-cut", "keep", "--on-duplicate", "replace"]
  /// In the middle of a file.
  private static let cut = Kind.length.request(size: size).file.lowerBound + 700_001

  @Test func `with --on-cut keep a stalled upload is stored as NAME.partial`() async throws {
    try await withServer(Self.impatient + Self.keeping) { server in
      let stalled = try await send(.length, .stall(at: Self.cut), size: Self.size, server)
      #expect(try status(stalled, .length) == 408)
      #expect(HTTPResponse.parse(stalled ?? []).first?.body.contains("x.partial") == true)
      #expect(try server.uploads.names() == ["x.partial"])
      #expect(try server.uploads.read("x.partial") == Array(SplitMix64.bytes(Self.size).prefix(700_001)))
      let raw = try await send(.raw, .stall(at: 1000), size: Self.size, server)
      #expect(try status(raw, .raw) == 408)
      #expect(try server.uploads.names().count == 2)
    }
  }

  @Test func `with --on-cut keep an upload that ends early is stored as NAME.partial, a form is not`() async throws {
    try await withServer(Self.options + Self.keeping) { server in
      let file = SplitMix64.bytes(Self.size)
      try server.uploads.write([1], to: "x.partial")
      let cut = try await send(.length, .halfClose(at: Self.cut), size: Self.size, server)
      #expect(try status(cut, .length) == 400)
      #expect(try server.uploads.read("x (2).partial") == Array(file.prefix(700_001)))
      #expect(try server.uploads.read("x.partial") == [1], "never over another")
      _ = try await send(.length, .reset(at: Self.cut), size: Self.size, server)
      // A reset may discard bytes in kernel buffers, so only the beginning of what was sent is stored.
      try await server.events(2) { $0.event == "failed" }
      let kept = try server.uploads.read("x (3).partial")
      #expect(kept == Array(file.prefix(kept.count)))
      let form = try await send(.form, .halfClose(at: 900_000), size: Self.size, server)
      #expect(try status(form, .form) == 400)
      #expect(try server.uploads.names().count == 3, "a form's files are not kept")
    }
  }
}
