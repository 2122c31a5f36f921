import Crypto
import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Successful uploads, compared with what the server received.
@Suite(.timeLimit(.minutes(30))) struct SendingTests {
  /// Below, at and above the checked tail, one region, and several regions.
  private static let sizes = [
    0, 1, 64 << 10, (64 << 10) + 1, 1 << 20, (4 << 20) + (64 << 10), (4 << 20) + (64 << 10) + 1, (17 << 20) + 3,
  ]

  @Test(arguments: sizes) func `a file of any size arrives unchanged in stream mode`(size: Int) async throws {
    let bytes = SplitMix64.bytes(size)
    let seen = Mutex<(Peer.Request?, Peer.Body?)>((nil, nil))
    try await withTemporaryDirectory { directory in
      let path = try directory.write(bytes, to: "a b.txt")
      try await withServer { peer in
        let request = try peer.readHead()
        if request["Expect"] != nil { try peer.send("HTTP/1.1 100 Continue\r\n\r\n") }
        let body = try peer.digestBody(of: request)
        seen.withLock { $0 = (request, body) }
        try peer.stored("a b (2).txt", body.count)
      } _: { server in
        let uploads = TestUploads()
        let meter = try await uploads.send(.file(path), to: server.url)
        #expect(
          meter.finished
            == FinishedUpload(
              path: "a b (2).txt",
              bytes: UInt64(size),
              type: "text/plain",
              declaredType: "text/plain",
              detectedType: meter.detectedType
            )
        )
        #expect(meter.received == UInt64(size) && meter.stored == UInt64(size) && meter.durable == UInt64(size))
        #expect(meter.size == UInt64(size) && meter.name == "a b.txt")
        #expect(meter.direction == .outgoing && meter.mode == .stream)
        #expect(meter.remote == "127.0.0.1:\(server.port)")
        #expect(meter.phase == .finishing && meter.residentBytes == 0)
        #expect(uploads.ledger.activeCount(.outgoing) == 0)
        #expect(uploads.ledger.totals(.outgoing).finished == 1)
      }
    }
    let (request, body) = seen.withLock { $0 }
    #expect(request?.method == "POST")
    #expect(request?.uri == "/stream-upload?name=a%20b.txt")
    #expect(request?["Content-Length"] == "\(size)")
    #expect((request?["Expect"] != nil) == (size > 1 << 20))
    #expect(body == Peer.Body(count: size, sha256: SHA256.hexadecimal(of: bytes)))
  }

  @Test(arguments: [UploadMode.multipart, .buffered], sizes) func `a file of any size arrives unchanged in a form`(
    mode: UploadMode,
    size: Int
  )
    async throws
  {
    let bytes = SplitMix64.bytes(size)
    let seen = Mutex<(String, [UInt8])>(("", []))
    try await withTemporaryDirectory { directory in
      let path = try directory.write(bytes, to: "form.bin")
      try await withServer { peer in
        let request = try peer.readHead()
        if request["Expect"] != nil { try peer.send("HTTP/1.1 100 Continue\r\n\r\n") }
        let body = try peer.readBody(of: request)
        seen.withLock { $0 = (request["Content-Type"] ?? "", body) }
        try peer.stored("form.bin", size)
      } _: { server in
        let meter = try await TestUploads().send(.file(path), to: server.url, mode: mode)
        #expect(meter.finished?.path == "form.bin")
        #expect(meter.received == UInt64(size))
        // Buffered mode has the whole form in memory; the others have only its framing there.
        #expect(
          mode == .buffered ? meter.peakResidentBytes > size : (1..<2000).contains(meter.peakResidentBytes)
        )
      }
    }
    let (type, body) = seen.withLock { $0 }
    let boundary = try #require(type.split(separator: "boundary=").last)
    #expect(Form.content(of: body, boundary: String(boundary)) == bytes)
  }

  @Test func `method and target follow from the URL and the name, headers from the options`() async throws {
    let seen = Mutex<Peer.Request?>(nil)
    try await withTemporaryDirectory { directory in
      let path = try directory.write(Array("hi".utf8), to: "x.txt")
      try await withServer { peer in
        let request = try peer.readHead()
        seen.withLock { $0 = request }
        _ = try peer.readBody(of: request)
        try peer.respond("204 No Content")
      } _: { server in
        var uploads = TestUploads()
        uploads.configuration.headers = [try HeaderField("X-Team: blue")]
        uploads.configuration.contentType = "x/y"
        let meter = try await uploads.send(.file(path, name: "other \u{FC}"), to: server.url + "/in/?k=v")
        #expect(meter.finished?.path == "other \u{FC}")
        #expect(meter.declaredType == "x/y")
      }
    }
    let request = seen.withLock { $0 }
    #expect(request?.method == "PUT")
    #expect(request?.uri == "/in/other%20%C3%BC?k=v")
    #expect(request?["X-Team"] == "blue")
    #expect(request?["Content-Type"] == "x/y")
    #expect(request?["Connection"] == nil)
    #expect(request?["User-Agent"] == "sluice")
    #expect(request?["Host"]?.hasPrefix("127.0.0.1:") == true)
  }

  @Test func `an upload to a host name connects to the address of the host`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1, 2, 3], to: "x")
      try await withServer { peer in
        _ = try peer.readBody(of: peer.readHead())
        try peer.respond("200 OK")
      } _: { server in
        let meter = try await TestUploads().send(.file(path), to: "http://localhost:\(server.port)")
        #expect(meter.finished != nil)
        #expect(meter.remote == "localhost:\(server.port)")
      }
    }
  }

  @Test func `a server that does not support Expect receives the body after the continue timeout`() async throws {
    let bytes = SplitMix64.bytes(3 << 20)
    try await withTemporaryDirectory { directory in
      let path = try directory.write(bytes, to: "x")
      try await withServer { peer in
        let body = try peer.digestBody(of: peer.readHead())
        try peer.stored("x", body.sha256 == SHA256.hexadecimal(of: bytes) ? body.count : 0)
      } _: { server in
        var uploads = TestUploads()
        uploads.configuration.continueTimeout = .milliseconds(50)
        let meter = try await uploads.send(.file(path), to: server.url)
        #expect(meter.finished != nil)
      }
    }
  }

  @Test func `a request that is rejected with 417 is sent again without Expect`() async throws {
    let requests = Mutex(0)
    try await withTemporaryDirectory { directory in
      let path = try directory.write(SplitMix64.bytes(2 << 20), to: "x")
      try await withServer { peer in
        requests.withLock { $0 += 1 }
        let request = try peer.readHead()
        guard request["Expect"] == nil else { return try peer.respond("417 Expectation Failed") }
        try peer.stored("x", try peer.digestBody(of: request).count)
      } _: { server in
        var uploads = TestUploads()
        uploads.configuration.continueTimeout = .seconds(30)
        let meter = try await uploads.send(.file(path), to: server.url)
        #expect(meter.finished != nil)
      }
    }
    #expect(requests.withLock { $0 } == 2)
  }

  @Test func `an upload finishes when the server reports success before it reads the rest`() async throws {
    let bytes = SplitMix64.bytes(9 << 20)
    try await withTemporaryDirectory { directory in
      let path = try directory.write(bytes, to: "x")
      let got = Mutex(Peer.Body())
      try await withServer { peer in
        let request = try peer.readHead()
        try peer.respond("200 OK", "thanks")
        let body = try peer.digestBody(of: request)
        got.withLock { $0 = body }
        peer.drain()
      } _: { server in
        let meter = try await TestUploads().send(.file(path), to: server.url)
        #expect(meter.finished?.bytes == UInt64(bytes.count))
      }
      #expect(got.withLock { $0.sha256 } == SHA256.hexadecimal(of: bytes))
    }
  }
}
