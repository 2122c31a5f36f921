import Glibc
import HTTPExchange
import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Forms in memory, and the memory they may use.
@Suite(.timeLimit(.minutes(30))) struct MemoryTests {
  @Test func `a form that does not fit into the available memory is rejected before it is read`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([UInt8](repeating: 7, count: 3 << 20), to: "x")
      try await withServer { _ in
        throw TimeoutError("a client connected")
      } _: { server in
        var uploads = TestUploads()
        uploads.configuration.availableMemory = { 2 << 20 }
        let meter = try await uploads.send(.file(path), to: server.url, mode: .buffered)
        let error = try #require(meter.error)
        #expect(error.code == .outOfMemory)
        for word in ["3.0 MiB", "2.0 MiB", "stream", "multipart"] { #expect(error.message.contains(word)) }
        #expect(meter.peakResidentBytes == 0)
      }
    }
  }

  /// 5 bytes of content and 10 of framing.
  @Test func `the framing of a form counts against the available memory`() async throws {
    try await withTemporaryDirectory { directory in
      let source = try UploadSource.file(try directory.write([1, 2, 3, 4, 5], to: "x")).open()
      let form = try FormInMemory(
        reading: source,
        framing: 10,
        available: 15,
        onBlock: { _ in },
        checkCancellation: {}
      )
      #expect(form.count == 5)
      let error = try #require(throws: UploadError.self) {
        try FormInMemory(reading: source, framing: 11, available: 15, onBlock: { _ in }, checkCancellation: {})
      }
      #expect(error.code == .outOfMemory)
    }
  }

  @Test func `no form is rejected when the available memory is unknown`() async throws {
    try await withTemporaryDirectory { directory in
      let source = try UploadSource.file(try directory.write([1, 2, 3, 4, 5], to: "x")).open()
      let form = try FormInMemory(
        reading: source,
        framing: 0,
        available: nil,
        onBlock: { _ in },
        checkCancellation: {}
      )
      #expect(form.count == 5)
    }
  }

  @Test func `a form of unknown length is rejected once it exceeds the available memory`() throws {
    let zeros = open("/dev/zero", O_RDONLY)
    defer { close(zeros) }
    let source = try UploadSource.descriptor(zeros, name: "zeros").open()
    let sizes = Mutex<[Int]>([])
    let error = try #require(throws: UploadError.self) {
      try FormInMemory(
        reading: source,
        framing: 100,
        available: 10 << 20,
        onBlock: { region in sizes.withLock { $0.append(region.count) } },
        checkCancellation: {}
      )
    }
    #expect(error.code == .outOfMemory)
    #expect(error.message.contains("more than"))
    #expect(sizes.withLock { $0 } == [4 << 20, 4 << 20, 4 << 20])
  }

  /// Chunks are found by their offset: a block that is too short would shift all bytes after it.
  @Test func `a pipe read into memory fills every block but the last, whatever the size of its writes`() throws {
    let pipe = try TestPipe()
    defer { close(pipe.output) }
    let bytes = (0..<(9 << 20) + 7).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    // Not a multiple of what is read at once.
    pipe.write(bytes, atMost: 99_991)
    let source = try UploadSource.descriptor(pipe.output, name: "pipe").open()
    let form = try FormInMemory(
      reading: source,
      framing: 0,
      available: nil,
      onBlock: { _ in },
      checkCancellation: {}
    )
    #expect(form.blocks.map(\.readableBytes) == [4 << 20, 4 << 20, (1 << 20) + 7])
    let stored = form.blocks.flatMap { Array($0.readableBytesView) }
    #expect(stored == bytes)
  }

  @Test func `reading a form into memory ends when it is cancelled`() throws {
    let zeros = open("/dev/zero", O_RDONLY)
    defer { close(zeros) }
    let source = try UploadSource.descriptor(zeros, name: "zeros").open()
    let blocks = Mutex(0)
    let error = try #require(throws: UploadError.self) {
      try FormInMemory(
        reading: source,
        framing: 0,
        available: nil,
        onBlock: { _ in blocks.withLock { $0 += 1 } },
        checkCancellation: { () throws(UploadError) in
          if blocks.withLock({ $0 == 2 }) { throw Cancellation.error }
        }
      )
    }
    #expect(error.code == .cancelled)
    #expect(blocks.withLock { $0 } == 2)
  }
}
