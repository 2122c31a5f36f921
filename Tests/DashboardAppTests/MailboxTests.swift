import Glibc
import Testing
import UploadTestSupport

@testable import DashboardApp

@Suite struct MailboxTests {
  private func isReadable(_ descriptor: Int32) -> Bool {
    var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&ready, 1, 0) == 1
  }

  @Test func `The descriptor is readable exactly while there is something to take`() {
    let mailbox = Mailbox<Int>()
    #expect(!isReadable(mailbox.descriptor))
    #expect(mailbox.take() == [])
    mailbox.post(1)
    mailbox.post(2)
    #expect(isReadable(mailbox.descriptor))
    #expect(mailbox.take() == [1, 2])
    #expect(!isReadable(mailbox.descriptor))
  }

  @Test func `Nothing from other threads is lost, and each keeps its order`() async throws {
    let mailbox = Mailbox<Int>()
    await withTaskGroup { group in
      for thread in 0..<4 {
        group.addTask { for number in 0..<500 { mailbox.post(thread * 1000 + number) } }
      }
    }
    var taken: [Int] = []
    while isReadable(mailbox.descriptor) { taken += mailbox.take() }
    for thread in 0..<4 {
      #expect(taken.filter { $0 / 1000 == thread } == (0..<500).map { thread * 1000 + $0 })
    }
  }
}
