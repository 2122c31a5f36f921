import NIOCore
import Testing

@testable import UploadServer

@Suite struct ReadThrottleTests {
  private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

  @Test func `reads are permitted without limits, and wait for the longer of two`() {
    var throttle = ReadThrottle()
    throttle.noteRead(100, limit: .zero, userLimit: .zero, at: start)
    #expect(throttle.isOpen && throttle.deadline == nil)
    throttle.noteRead(100, limit: .seconds(1), userLimit: .seconds(3), at: start)
    #expect(!throttle.isOpen && throttle.isLimited && throttle.deadline == start + .seconds(1))
    throttle.advance(to: start + .seconds(1))
    #expect(!throttle.isOpen && throttle.deadline == start + .seconds(3))
    throttle.advance(to: start + .seconds(3))
    #expect(throttle.isOpen && !throttle.isLimited && throttle.deadline == nil)
  }

  @Test func `a changed limit of the user replaces the wait for the former one, but not that of the server's limit`() {
    var throttle = ReadThrottle()
    throttle.noteRead(100, limit: .zero, userLimit: .seconds(60), at: start)
    throttle.changeUserLimit(wait: .seconds(2), at: start)
    #expect(throttle.deadline == start + .seconds(2))
    throttle.changeUserLimit(wait: .zero, at: start)
    #expect(throttle.isOpen)
    throttle.noteRead(100, limit: .seconds(5), userLimit: .seconds(60), at: start)
    throttle.changeUserLimit(wait: .zero, at: start)
    #expect(!throttle.isOpen && throttle.deadline == start + .seconds(5))
  }

  @Test func `a paused upload is read once in two seconds, and again at once when it continues`() {
    var throttle = ReadThrottle()
    throttle.setPaused(true, at: start)
    #expect(throttle.isPaused && !throttle.isOpen && throttle.deadline == start + .seconds(2))
    throttle.advance(to: start + .seconds(1))
    #expect(!throttle.isOpen)
    throttle.advance(to: start + .seconds(2))
    #expect(throttle.isOpen && throttle.deadline == nil, "until something has been read")
    throttle.noteRead(ReadThrottle.trickleSize - 1, limit: .zero, userLimit: .zero, at: start + .seconds(20))
    #expect(throttle.isOpen, "the rest of it in another read")
    throttle.noteRead(1, limit: .zero, userLimit: .zero, at: start + .seconds(20))
    #expect(!throttle.isOpen && throttle.deadline == start + .seconds(22))
    throttle.noteRead(5, limit: .zero, userLimit: .zero, at: start + .seconds(20))
    #expect(throttle.deadline == start + .seconds(22), "what the same read has brought")
    throttle.setPaused(true, at: start + .seconds(21))
    #expect(throttle.deadline == start + .seconds(22), "pausing once more changes nothing")
    throttle.setPaused(false, at: start + .seconds(21))
    #expect(throttle.isOpen && throttle.deadline == nil)
  }

  @Test func `a slow client of a paused upload is read for half a second`() {
    var throttle = ReadThrottle()
    throttle.setPaused(true, at: start)
    throttle.advance(to: start + .seconds(2))
    throttle.noteRead(10, limit: .zero, userLimit: .zero, at: start + .seconds(3))
    #expect(throttle.isOpen)
    throttle.noteRead(10, limit: .zero, userLimit: .zero, at: start + .milliseconds(3499))
    #expect(throttle.isOpen)
    throttle.noteRead(10, limit: .zero, userLimit: .zero, at: start + .milliseconds(3500))
    #expect(!throttle.isOpen && throttle.deadline == start + .seconds(5))
  }

  @Test func `in 30 seconds more is read of a paused upload than a third of the usual send buffer`() {
    let count = Int(TimeAmount.seconds(30).nanoseconds / ReadThrottle.trickleInterval.nanoseconds)
    #expect(count * ReadThrottle.trickleSize > 4 * 1024 * 1024 / 3)
  }
}
