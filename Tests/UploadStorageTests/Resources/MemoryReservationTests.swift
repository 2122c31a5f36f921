import NIOCore
import NIOPosix
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

@Suite struct MemoryReservationTests {
  private let budget: MemoryBudget

  init() throws {
    budget = try MemoryBudget(limit: UInt64(MemoryBudget.minimum))
  }

  @Test func `a reservation counts until its last reference is gone`() async throws {
    do {
      let reservation = try #require(await budget.reserve(1000))
      #expect(reservation.count == 1000)
      #expect(budget.use.used == 1000)
    }
    #expect(budget.use.used == 0)
  }

  @Test
  func `a reservation beyond the share of all reservations is rejected, and the share leaves room for a large slab`()
    async throws
  {
    let reservation = await budget.reserve(budget.reservable)
    #expect(reservation != nil)
    #expect(await budget.reserve(1) == nil)
    #expect(budget.take(upTo: Slab.large) != nil)
  }

  @Test func `a reservation waits for memory that uploads release, and recalls the slabs of slow ones`() async throws {
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    var slabs: [Slab] = []
    while let slab = budget.take(upTo: Slab.small) { slabs.append(slab) }
    let recalls = Mutex(0)
    for slab in slabs.prefix(4) {
      budget.offer(slab, on: eventLoop) { recalls.withLock { $0 += 1 } }
    }
    async let reservation = budget.reserve(2 * Slab.small)
    try await eventually("the recalls") { recalls.withLock { $0 } == 2 }
    budget.release(slabs[0])
    budget.release(slabs[1])
    #expect(await reservation?.count == 2 * Slab.small)
    #expect(budget.use.used == budget.limit)
  }
}
