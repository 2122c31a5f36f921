import Glibc
import Testing
import UploadTestSupport

@testable import DashboardApp

@Suite struct EventQueueTests {
  private func isReadable(_ descriptor: Int32) -> Bool {
    var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&ready, 1, 0) == 1
  }

  @Test func `the descriptor is readable exactly while there are events`() {
    let eventQueue = EventQueue<Int>()
    #expect(!isReadable(eventQueue.descriptor))
    #expect(eventQueue.drain() == [])
    eventQueue.post(1)
    eventQueue.post(2)
    #expect(isReadable(eventQueue.descriptor))
    #expect(eventQueue.drain() == [1, 2])
    #expect(!isReadable(eventQueue.descriptor))
  }

  @Test func `waiting ends when the deadline has passed, or when there is an event`() {
    let eventQueue = EventQueue<Int>()
    #expect(waitUntilReadable(-1, eventQueue.descriptor, until: ContinuousClock.now - .seconds(1)))
    eventQueue.post(1)
    #expect(waitUntilReadable(-1, eventQueue.descriptor))
  }

  @Test func `no event of another thread is lost, and each thread's events stay in order`() async throws {
    let eventQueue = EventQueue<Int>()
    await withTaskGroup { group in
      for thread in 0..<4 {
        group.addTask { for number in 0..<500 { eventQueue.post(thread * 1000 + number) } }
      }
    }
    var taken: [Int] = []
    while isReadable(eventQueue.descriptor) { taken += eventQueue.drain() }
    for thread in 0..<4 {
      #expect(taken.filter { $0 / 1000 == thread } == (0..<500).map { thread * 1000 + $0 })
    }
  }
}
