import Basics
import Foundation
import Glibc
import Testing

@Suite struct WriteAllTests {
  private final class Pipe {
    let input: Int32
    let output: Int32

    init() throws {
      var ends: [Int32] = [-1, -1]
      try #require(pipe(&ends) == 0)
      for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
      (output, input) = (ends[0], ends[1])
    }

    deinit {
      close(input)
      close(output)
    }

    /// Removes and returns all bytes that are in the pipe now.
    func drain() -> [UInt8] {
      var bytes: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while case let count = read(output, &buffer, buffer.count), count > 0 { bytes += buffer.prefix(count) }
      return bytes
    }
  }

  @Test func `a text is written completely, as UTF-8`() throws {
    let pipe = try Pipe()
    #expect(writeAll("naïve ☃", to: pipe.input))
    #expect(String(decoding: pipe.drain(), as: UTF8.self) == "naïve ☃")
    #expect(writeAll("", to: pipe.input))
  }

  @Test func `writing more than a non-blocking pipe has room for waits for its reader, and succeeds`() throws {
    let pipe = try Pipe()
    let bytes = SplitMix64.bytes(300_000)
    let output = pipe.output
    let isDone = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      defer { isDone.signal() }
      var left = 300_000
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while left > 0 {
        var ready = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        poll(&ready, 1, 10_000)
        let count = read(output, &buffer, buffer.count)
        guard count > 0 else { return }
        left -= count
      }
    }
    #expect(bytes.withUnsafeBytes { writeAll($0, to: pipe.input) })
    isDone.wait()
  }

  @Test func `writing to a full pipe that is not read fails after the timeout`() throws {
    let pipe = try Pipe()
    let bytes = [UInt8](repeating: 1, count: 300_000)
    #expect(!bytes.withUnsafeBytes { writeAll($0, to: pipe.input, timeout: 10) })
  }

  @Test func `writing to a descriptor that is not open fails`() {
    #expect(!writeAll("x", to: -1))
  }
}
