import Foundation
import Glibc
import HTTPExchange
import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Uploads from pipes, and from a file at standard input, to servers on loopback ports that lose connections and bytes.
@Suite struct PipeResumingTests {
  private func uploads(maxRequest: UInt64? = nil) -> TestUploads {
    var uploads = TestUploads()
    uploads.configuration.retry = RetryPolicy(limit: 5)
    uploads.configuration.retry.firstPause = .milliseconds(10)
    uploads.configuration.resume = ResumeConfiguration(maxRequest: maxRequest, threshold: 1000)
    return uploads
  }

  /// Sends bytes through a pipe.
  private func send(
    _ bytes: [UInt8],
    to keeper: UploadKeeper,
    mode: UploadMode = .stream,
    maxRequest: UInt64? = nil
  ) async throws -> UploadMeter {
    let pipe = try TestPipe()
    defer { close(pipe.output) }
    return try await withServer(receiveBuffer: 64 * 1024, script: keeper.serve) { server in
      if bytes.count < 4096 {
        // Before the upload begins, however busy the machine is.
        _ = bytes.withUnsafeBytes { write(pipe.input, $0.baseAddress, $0.count) }
        close(pipe.input)
      } else {
        pipe.write(bytes)
      }
      return try await uploads(maxRequest: maxRequest).send(
        .descriptor(pipe.output, name: "p"),
        to: server.url,
        mode: mode
      )
    }
  }

  private let bytes = SplitMix64.bytes(300_000)

  /// Larger than what is kept.
  private let manyBytes = SplitMix64.bytes(24_000_000)

  @Test(arguments: ResumableProtocol.allCases)
  func `a pipe that is interrupted twice continues where the server is`(kind: ResumableProtocol) async throws {
    let keeper = UploadKeeper(kind, faults: [.reset(after: 10_000_000), .reset(after: 50_000)])
    let meter = try await send(manyBytes, to: keeper)
    #expect(meter.finished?.bytes == 24_000_000)
    #expect(meter.mode == .resumable && meter.received == 24_000_000 && meter.stored == meter.received)
    #expect(meter.peakResidentBytes < 10_000_000)
    #expect(keeper.stored == manyBytes)
    let end = kind == .draft ? [] : ["24000000"]
    #expect(keeper.values("Upload-Offset") == ["0", "10000000", "10050000"] + end)
    #expect(keeper.values("Upload-Length") == end)
  }

  @Test func `a server that has lost more than is kept fails the upload, with a message that says so`() async throws {
    let meter = try await send(manyBytes, to: UploadKeeper(.draft, faults: [.lose(after: 12_000_000)]))
    #expect(meter.error?.code == .offsetMismatch)
    #expect(meter.error?.message.contains("The server has 0 of ") == true)
    #expect(meter.error?.message.contains("only the last 8 MiB") == true)
    #expect(meter.error?.message.contains(" The attempt before failed: ") == true)
    let gone = try await send(manyBytes, to: UploadKeeper(.tus, faults: [.reset(after: 12_000_000), .forget]))
    #expect(gone.error?.code == .uploadGone)
  }

  @Test func `a pipe whose beginning is kept begins anew where the server has lost the upload`() async throws {
    let keeper = UploadKeeper(.tus, faults: [.reset(after: 100_000), .forget])
    let meter = try await send(bytes, to: keeper)
    #expect(meter.finished?.bytes == 300_000)
    #expect(keeper.stored == bytes)
  }

  @Test func `a short pipe is sent in one request, and one to a plain server as well`() async throws {
    let short = UploadKeeper(.draft)
    #expect(try await send(Array(bytes.prefix(999)), to: short).finished?.bytes == 999)
    #expect(short.methods == ["POST"] && short.values("Transfer-Encoding") == ["chunked"])
    let plain = UploadKeeper(nil)
    let meter = try await send(manyBytes, to: plain)
    #expect(meter.finished?.bytes == 24_000_000 && meter.mode == .stream)
    #expect(plain.methods == ["OPTIONS", "OPTIONS", "POST"])
    #expect(plain.stored == manyBytes)
    let demanded = UploadKeeper(.tus)
    #expect(try await send([], to: demanded, mode: .resumable).finished?.bytes == 0)
    #expect(demanded.methods == ["OPTIONS", "OPTIONS", "POST", "PATCH", "PATCH"])
  }

  @Test func `a short pipe is kept, so that it can be sent again`() async throws {
    let keeper = UploadKeeper(nil, faults: [.reject("503 Service Unavailable")])
    #expect(try await send(Array(bytes.prefix(999)), to: keeper).finished?.bytes == 999)
    #expect(keeper.methods == ["POST", "POST"])
    #expect(keeper.stored == Array(bytes.prefix(999)))
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `the limit on requests splits a pipe`(kind: ResumableProtocol) async throws {
    let keeper = UploadKeeper(kind)
    let meter = try await send(bytes, to: keeper, maxRequest: 128_000)
    #expect(meter.finished?.bytes == 300_000)
    #expect(keeper.stored == bytes)
    #expect(keeper.values("Upload-Offset") == ["0", "128000", "256000", "300000"])
  }

  @Test func `a file at standard input continues from its descriptor's offset`() async throws {
    let keeper = UploadKeeper(.draft, faults: [.reset(after: 100_000)])
    try await withTemporaryDirectory { directory in
      let descriptor = open(try directory.write(bytes, to: "x"), O_RDONLY)
      defer { close(descriptor) }
      lseek(descriptor, 1000, SEEK_SET)
      try await withServer(script: keeper.serve) { server in
        let meter = try await uploads().send(.descriptor(descriptor, name: "x"), to: server.url)
        #expect(meter.finished?.bytes == 299_000 && meter.mode == .resumable)
      }
    }
    #expect(keeper.stored == Array(bytes[1000...]))
  }

  // MARK: What is kept

  @Test func `the last 8 MiB can be read again, and nothing before them`() throws {
    let pipe = try TestPipe()
    defer { close(pipe.output) }
    pipe.write(manyBytes)
    let source = try UploadSource.descriptor(pipe.output, name: "p").open()
    let replay = StreamReplay(SourceReader(source))
    #expect(try Self.readAll(ReplayReader(replay)) == manyBytes)
    #expect(replay.extent == ResumeExtent(start: 24_000_000 - (8 << 20), end: 24_000_000))
    #expect(!replay.isComplete)
    for start in [replay.extent.start, 23_999_999, 24_000_000] {
      #expect(try Self.readAll(ReplayReader(replay, from: start)) == Array(manyBytes[Int(start)...]))
    }
    let range: Range<UInt64> = 20_000_000..<20_100_000
    let part = ReplayReader(replay, from: range.lowerBound)
    #expect(try part.read(range) == .bytes(100_000))
    #expect(Array(part.buffer.readableBytesView) == Array(manyBytes[20_000_000..<20_100_000]))
    #expect(
      UploadError.thrown { () throws(UploadError) in try ReplayReader(replay).read(nil) }?.code == .offsetMismatch
    )
    let beyond: Range<UInt64> = 23_999_999..<24_000_001
    #expect(UploadError.thrown { () throws(UploadError) in try part.read(beyond) }?.code == .offsetMismatch)
  }

  @Test func `a pipe ends before a size, or is read up to it`() throws {
    for (size, isShort) in [(999, true), (1000, false), (300_000, false)] {
      let pipe = try TestPipe()
      defer { close(pipe.output) }
      pipe.write(Array(bytes.prefix(size)))
      let replay = StreamReplay(SourceReader(try UploadSource.descriptor(pipe.output, name: "p").open()))
      #expect(try replay.endsBefore(1000, within: .seconds(60)) { () throws(UploadError) in } == isShort)
      #expect(try Self.readAll(ReplayReader(replay)) == Array(bytes.prefix(size)))
    }
    let silent = try TestPipe()
    defer { for end in [silent.output, silent.input] { close(end) } }
    let replay = StreamReplay(SourceReader(try UploadSource.descriptor(silent.output, name: "p").open()))
    #expect(try !replay.endsBefore(1000, within: .zero) { () throws(UploadError) in })
    #expect(replay.extent == ResumeExtent(end: 0, isOpen: true))
  }

  private static func readAll(_ reader: ReplayReader) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      switch try reader.read(nil) {
      case .bytes: bytes += reader.buffer.readableBytesView
      case .end: return bytes
      case .nothingYet: break
      }
    }
  }
}
