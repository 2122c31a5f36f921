import NIOCore
import Testing

@testable import UploadServer

@Suite struct ResponseProgressTests {
  private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

  /// Feeds a sample every second until the client counts as one that stopped.
  /// - Parameter sample: makes the sample of a second after the start.
  /// - Returns: the second in which it does; nil when that is after `end`.
  private func stopped(
    idle: TimeAmount = .seconds(5),
    end: Int64 = 1000,
    _ sample: (Int64) -> ResponseProgress.Sample
  ) -> Int64? {
    var progress = ResponseProgress(idleTimeout: idle, at: Self.start)
    for second in 1...end where progress.note(sample(second), at: Self.start + .seconds(second)) == .stopped {
      return second
    }
    return nil
  }

  private func sample(_ acknowledged: UInt64, window: UInt64 = 0) -> ResponseProgress.Sample {
    ResponseProgress.Sample(acknowledged: acknowledged, window: window, hasUnread: true)
  }

  @Test
  func `without new acknowledgements a client counts as stopped after the timeout and the time for unseen reads`() {
    #expect(stopped { _ in sample(0) } == 6)
    #expect(stopped { _ in sample(3000) } == 9)
    // 64 KiB at 1 kB/s are 65.5 s.
    #expect(stopped { _ in sample(10_000_000) } == 72)
    #expect(stopped(idle: .seconds(30)) { _ in sample(10_000_000) } == 97)
  }

  @Test(arguments: [UInt64(1000), 2000, 20_000])
  func `a client that reads at least 1,000 B/s from a receive buffer of up to 4 MiB never counts as stopped`(
    rate: UInt64
  ) {
    // Its system acknowledges a block of 64 KiB when the client has read all of it.
    #expect(stopped { second in sample(200_000 + UInt64(second) * rate / 65_536 * 65_536) } == nil)
    // The same with a receive buffer of 4 MiB, which opens when a sixteenth of it is free.
    let blocks = { (second: Int64) in UInt64(second) * rate / 262_144 * 262_144 }
    #expect(stopped { sample(10_000_000 + blocks($0), window: $0 == 1 ? 4 << 20 : 0) } == nil)
  }

  @Test func `a client whose receive window grows counts as reading`() {
    #expect(stopped(end: 200) { sample(0, window: UInt64($0)) } == nil)
  }

  @Test func `a huge receive window extends the timeout by at most five minutes`() {
    let second = stopped { sample(1 << 40, window: $0 == 1 ? 1 << 30 : 0) }
    #expect(second == 306, "5 s, and 5 min")
  }

  @Test func `the largest possible numbers of a sample do not overflow`() {
    #expect(stopped { _ in sample(.max, window: .max) } == 306)
    #expect(stopped { second in sample(.max - UInt64(second), window: .max) } == nil)
  }

  @Test func `time in which all responses were acknowledged does not count toward the timeout`() {
    var progress = ResponseProgress(idleTimeout: .seconds(5), at: Self.start)
    let read = ResponseProgress.Sample(acknowledged: 100, window: 0, hasUnread: false)
    #expect(progress.note(read, at: Self.start + .seconds(100)) == .delivered)
    #expect(progress.note(sample(100), at: Self.start + .seconds(200)) == .reading)
    #expect(progress.note(sample(100), at: Self.start + .seconds(206)) == .stopped)
  }
}
