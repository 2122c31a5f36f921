import NIOCore
import NIOPosix
import Synchronization
import Testing
import UploadCore

@testable import UploadStorage

@Suite struct MemoryBudgetTests {
  private let eventLoop = MultiThreadedEventLoopGroup.singleton.next()

  /// The granted slabs in order, each with the name that the test gave its request.
  private final class Grants: Sendable {
    private let granted = Mutex<[(String, Slab)]>([])

    func note(_ name: String) -> @Sendable (Slab) -> Void {
      { slab in self.granted.withLock { $0.append((name, slab)) } }
    }

    var names: [String] { granted.withLock { $0.map(\.0) } }

    func slab(_ name: String) -> Slab? { granted.withLock { $0.first { $0.0 == name }?.1 } }
  }

  private func budget(_ limit: Int = MemoryBudget.minimum) throws -> MemoryBudget {
    try MemoryBudget(limit: UInt64(limit))
  }

  /// Grants are delivered on the event loop: waits until those so far have arrived.
  private func settle() async throws {
    try await eventLoop.submit {}.get()
  }

  @Test func `no slab is granted over the limit`() throws {
    let budget = try budget()
    let slabs = (0..<4).compactMap { _ in budget.take(upTo: Slab.large) }
    #expect(slabs.count == 4)
    #expect(budget.take(upTo: Slab.small) == nil)
    #expect(budget.use == SlabUse(used: 4 * Slab.large, budget: MemoryBudget.minimum))
    slabs.forEach(budget.release)
    #expect(budget.use.used == 0)
  }

  @Test(arguments: [0, 1, UInt64(MemoryBudget.minimum) - 1])
  func `a budget under the minimum is rejected, with the minimum in the message`(limit: UInt64) throws {
    let error = try #require(throws: UploadError.self) { try MemoryBudget(limit: limit) }
    #expect(error.code == .badValue)
    #expect(error.message.contains("give at least \(ByteSize.text(UInt64(MemoryBudget.minimum)))"))
  }

  @Test func `the smallest and the largest budget are accepted`() throws {
    #expect(try MemoryBudget(limit: UInt64(MemoryBudget.minimum)).limit == MemoryBudget.minimum)
    #expect(try MemoryBudget(limit: .max).limit == .max)
    #expect(try MemoryBudget(limit: .max).take(upTo: Slab.small) != nil)
  }

  @Test func `uploads of one queue are granted slabs in the order in which they began to wait`() async throws {
    let budget = try budget()
    let taken = (0..<4).compactMap { _ in budget.take(upTo: Slab.large) }
    let grants = Grants()
    for name in ["a", "b", "c"] {
      _ = budget.wait(upTo: Slab.large, isSlow: false, on: eventLoop, grant: grants.note(name))
    }
    try await settle()
    #expect(grants.names == [])
    budget.release(taken[0])
    try await settle()
    #expect(grants.names == ["a"], "a large one takes all that was released")
    budget.release(taken[1])
    try await settle()
    #expect(grants.names == ["a", "b"])
    budget.release(taken[2])
    try await settle()
    #expect(grants.names == ["a", "b", "c"])
    #expect(budget.use.used == 4 * Slab.large)
  }

  @Test func `the fast and the slow queue are served in turn`() async throws {
    let budget = try budget()
    let taken = (0..<64).compactMap { _ in budget.take(upTo: Slab.small) }
    #expect(taken.count == 64)
    let grants = Grants()
    for name in ["slow 1", "slow 2", "slow 3"] {
      _ = budget.wait(upTo: Slab.small, isSlow: true, on: eventLoop, grant: grants.note(name))
    }
    for name in ["fast 1", "fast 2"] {
      _ = budget.wait(upTo: Slab.large, isSlow: false, on: eventLoop, grant: grants.note(name))
    }
    taken.prefix(5).forEach(budget.release)
    try await settle()
    #expect(grants.names == ["fast 1", "slow 1", "fast 2", "slow 2", "slow 3"])
  }

  @Test func `where there is no room for a large slab a small one is granted`() async throws {
    let budget = try budget()
    let large = (0..<3).compactMap { _ in budget.take(upTo: Slab.large) }
    let small = (0..<8).compactMap { _ in budget.take(upTo: Slab.small) }
    #expect(budget.take(upTo: Slab.large)?.bytes.count == Slab.small)
    let rest = (0..<8).compactMap { _ in budget.take(upTo: Slab.small) }
    #expect(rest.count == 7)
    #expect(budget.limit - budget.use.used < Slab.large)
    let grants = Grants()
    while budget.take(upTo: Slab.small) != nil {}
    _ = budget.wait(upTo: Slab.large, isSlow: false, on: eventLoop, grant: grants.note("a"))
    budget.release(small[0])
    try await settle()
    #expect(grants.slab("a")?.bytes.count == Slab.small)
    _ = budget.wait(upTo: Slab.large, isSlow: false, on: eventLoop, grant: grants.note("b"))
    budget.release(large[0])
    try await settle()
    #expect(grants.slab("b")?.bytes.count == Slab.large)
  }

  @Test func `when the first waiting upload drops its ticket the next one is granted the released slab`() async throws {
    let budget = try budget()
    let taken = (0..<4).compactMap { _ in budget.take(upTo: Slab.large) }
    let grants = Grants()
    let first = budget.wait(upTo: Slab.small, isSlow: false, on: eventLoop, grant: grants.note("first"))
    _ = budget.wait(upTo: Slab.small, isSlow: false, on: eventLoop, grant: grants.note("second"))
    budget.drop(first)
    budget.release(taken[0])
    try await settle()
    #expect(grants.names == ["second"])
    #expect(budget.take(upTo: Slab.small) != nil, "no upload waits any more")
  }

  @Test func `a dropped ticket is never served`() async throws {
    let budget = try budget()
    let taken = (0..<4).compactMap { _ in budget.take(upTo: Slab.large) }
    let grants = Grants()
    let ticket = budget.wait(upTo: Slab.large, isSlow: false, on: eventLoop, grant: grants.note("gone"))
    budget.drop(ticket)
    budget.drop(ticket)
    taken.forEach(budget.release)
    try await settle()
    #expect(grants.names == [])
    #expect(budget.use.used == 0)
  }

  @Test func `a released slab is granted again, empty`() throws {
    let budget = try budget()
    let slab = try #require(budget.take(upTo: Slab.small))
    let address = slab.bytes.baseAddress
    #expect([1, 2, 3].withUnsafeBytes(slab.append) == 24)
    budget.release(slab)
    #expect(budget.take(upTo: Slab.large)?.bytes.count == Slab.large)
    let again = try #require(budget.take(upTo: Slab.small))
    #expect(again.bytes.baseAddress == address)
    #expect(again.count == 0 && again.room == Slab.small)
  }

  @Test func `of 32 released large slabs the last is unmapped at once`() throws {
    let budget = try budget(32 * Slab.large)
    weak var last: Slab?
    do {
      let slabs = (0..<32).compactMap { _ in budget.take(upTo: Slab.large) }
      #expect(slabs.count == 32)
      last = slabs.last
      slabs.forEach(budget.release)
    }
    #expect(last == nil)
    #expect(budget.use.used == 0)
  }

  @Test func `slabs that are kept for the next upload can be dropped, those in use cannot`() throws {
    let budget = try budget()
    let taken = try #require(budget.take(upTo: Slab.small))
    weak var spare: Slab?
    do {
      let slab = try #require(budget.take(upTo: Slab.large))
      spare = slab
      budget.release(slab)
    }
    #expect(spare != nil)
    budget.dropSpare()
    #expect(spare == nil)
    #expect(budget.use.used == Slab.small)
    budget.release(taken)
    #expect(budget.take(upTo: Slab.small) === taken)
  }

  @Test func `many threads together never use more than the limit`() async throws {
    let budget = try budget()
    let eventLoop = eventLoop
    let most = await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          var most = 0
          for round in 0..<200 {
            let size = round.isMultiple(of: 3) ? Slab.large : Slab.small
            let slab = await withCheckedContinuation { continuation in
              _ = budget.wait(upTo: size, isSlow: !round.isMultiple(of: 2), on: eventLoop) {
                continuation.resume(returning: $0)
              }
            }
            most = max(most, budget.use.used)
            budget.release(slab)
          }
          return most
        }
      }
      return await group.reduce(0, max)
    }
    #expect(most > 0 && most <= budget.limit)
    #expect(budget.use.used == 0)
  }
}
