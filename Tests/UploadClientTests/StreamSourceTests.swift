import Crypto
import Glibc
import HTTPExchange
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Sources of unknown length, such as standard input from a pipe.
@Suite(.timeLimit(.minutes(30))) struct StreamSourceTests {
  @Test(arguments: [UploadMode.stream, .multipart, .buffered], [0, 1, 65_536, 5_000_003])
  func `a pipe is sent unchanged to its end, without a length`(mode: UploadMode, size: Int) async throws {
    let bytes = SplitMix64.bytes(size)
    let seen = Mutex<(Peer.Request?, [UInt8])>((nil, []))
    let pipe = try TestPipe()
    defer { close(pipe.output) }
    try await withServer { peer in
      let request = try peer.readHead()
      if request["Expect"] != nil { try peer.send("HTTP/1.1 100 Continue\r\n\r\n") }
      let body = try peer.readBody(of: request)
      seen.withLock { $0 = (request, body) }
      try peer.stored("stdin.bin", size)
    } _: { server in
      pipe.write(bytes)
      let meter = try await TestUploads().send(.descriptor(pipe.output, name: "in.bin"), to: server.url, mode: mode)
      #expect(meter.finished?.path == "stdin.bin")
      #expect(meter.received == UInt64(size) && meter.stored == UInt64(size))
      #expect(meter.size == nil)
      #expect(mode == .buffered || meter.peakResidentBytes < 300_000)
    }
    let (request, body) = seen.withLock { $0 }
    #expect((request?["Transfer-Encoding"] == "chunked") == true)
    #expect(request?["Content-Length"] == nil)
    guard mode != .stream else { return #expect(body == bytes) }
    let boundary = try #require(request?["Content-Type"]?.split(separator: "boundary=").last)
    #expect(Form.content(of: body, boundary: String(boundary)) == bytes)
  }

  @Test func `a descriptor of a regular file is sent from its offset`() async throws {
    let bytes = SplitMix64.bytes(6 << 20)
    let digest = Mutex(Peer.Body())
    try await withTemporaryDirectory { directory in
      let descriptor = open(try directory.write(bytes, to: "x"), O_RDONLY)
      defer { close(descriptor) }
      lseek(descriptor, 1000, SEEK_SET)
      try await withServer { peer in
        let body = try peer.digestBody(of: peer.readHead())
        digest.withLock { $0 = body }
        try peer.stored("x", body.count)
      } _: { server in
        let meter = try await TestUploads().send(.descriptor(descriptor, name: "x"), to: server.url)
        #expect(meter.size == UInt64(bytes.count - 1000))
        #expect(meter.finished?.bytes == UInt64(bytes.count - 1000))
      }
      #expect(lseek(descriptor, 0, SEEK_CUR) == 1000)
    }
    #expect(digest.withLock { $0.sha256 } == SHA256.hexadecimal(of: Array(bytes[1000...])))
  }

  /// Another program that shares the descriptor may have moved its offset anywhere.
  @Test func `a descriptor whose offset is beyond the end of the file is sent as an empty file`() async throws {
    try await withTemporaryDirectory { directory in
      let descriptor = open(try directory.write([1, 2, 3], to: "x"), O_RDONLY)
      defer { close(descriptor) }
      // The largest offset that the file system accepts.
      let offset = try #require([off_t.max, 1 << 40].first { lseek(descriptor, $0, SEEK_SET) == $0 })
      #expect(offset > 3)
      try await withServer { peer in
        try peer.stored("x", peer.readBody(of: peer.readHead()).count)
      } _: { server in
        let meter = try await TestUploads().send(.descriptor(descriptor, name: "x"), to: server.url)
        #expect(meter.size == 0)
        #expect(meter.finished?.bytes == 0, "\(String(describing: meter.error))")
      }
    }
  }

  @Test func `a rejection is reported while the upload waits for input from its pipe`() async throws {
    let pipe = try TestPipe()
    defer {
      close(pipe.output)
      close(pipe.input)
    }
    try await withServer { peer in
      _ = try peer.readHead()
      try peer.send("HTTP/1.1 100 Continue\r\n\r\n")
      try peer.respond("408 Request Timeout", #"{"msg":"too slow"}"#)
    } _: { server in
      let meter = try await TestUploads().send(.descriptor(pipe.output, name: "x"), to: server.url)
      #expect(meter.error?.message == "HTTP 408: too slow")
    }
  }

  @Test func `a reader that has found the end of its source reports the end again`() throws {
    let pipe = try TestPipe()
    let reader = SourceReader(try UploadSource.descriptor(pipe.output, name: "x").open())
    close(pipe.output)
    #expect(try reader.read() == .nothingYet)
    #expect(write(pipe.input, "abc", 3) == 3)
    #expect(try reader.read() == .bytes(3))
    close(pipe.input)
    #expect(try reader.read() == .end)
    #expect(try reader.read() == .end)
  }
}
