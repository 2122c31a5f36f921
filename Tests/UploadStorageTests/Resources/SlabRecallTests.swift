import NIOCore
import NIOPosix
import Synchronization
import Testing
import UploadCore

@testable import UploadStorage

/// Slabs that slow uploads offer, and release when others wait.
@Suite struct SlabRecallTests {
  private let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
  private let budget: MemoryBudget

  init() throws {
    budget = try MemoryBudget(limit: UInt64(MemoryBudget.minimum))
  }

  /// The numbers of the slabs that were recalled, in order.
  private final class Recalls: Sendable {
    private let numbers = Mutex<[Int]>([])

    func note(_ number: Int) -> @Sendable () -> Void {
      { self.numbers.withLock { $0.append(number) } }
    }

    var all: [Int] { numbers.withLock { $0 } }
  }

  /// Spends the budget with small slabs.
  private func spend() -> [Slab] {
    var slabs: [Slab] = []
    while let slab = budget.take(upTo: Slab.small) { slabs.append(slab) }
    return slabs
  }

  /// Recalls and grants are delivered on the event loop: waits until those so far have arrived.
  private func settle() async throws {
    try await eventLoop.submit {}.get()
  }

  @Test func `an offered slab is not recalled while there is room`() async throws {
    let slab = try #require(budget.take(upTo: Slab.small))
    let recalls = Recalls()
    budget.offer(slab, on: eventLoop, recall: recalls.note(0))
    #expect(budget.take(upTo: Slab.large)?.bytes.count == Slab.large)
    try await settle()
    #expect(recalls.all == [])
    budget.release(slab)
  }

  @Test func `two waiting uploads recall the two slabs that were offered first, and no more`() async throws {
    let slabs = spend()
    let recalls = Recalls()
    for number in 0..<3 { budget.offer(slabs[number], on: eventLoop, recall: recalls.note(number)) }
    let granted = Mutex(0)
    for _ in 0..<2 {
      _ = budget.wait(upTo: Slab.small, isSlow: false, on: eventLoop) { _ in granted.withLock { $0 += 1 } }
    }
    try await settle()
    #expect(recalls.all == [0, 1])
    budget.release(slabs[0])
    budget.release(slabs[1])
    try await settle()
    #expect(granted.withLock { $0 } == 2)
    #expect(recalls.all == [0, 1])
  }

  @Test func `a slab that is offered while others wait is recalled at once`() async throws {
    let slabs = spend()
    _ = budget.wait(upTo: Slab.small, isSlow: false, on: eventLoop) { _ in }
    let recalls = Recalls()
    budget.offer(slabs[7], on: eventLoop, recall: recalls.note(7))
    try await settle()
    #expect(recalls.all == [7])
  }

  @Test func `a slab that was withdrawn is not recalled`() async throws {
    let slabs = spend()
    let recalls = Recalls()
    budget.offer(slabs[0], on: eventLoop, recall: recalls.note(0))
    budget.offer(slabs[1], on: eventLoop, recall: recalls.note(1))
    budget.withdraw(slabs[0])
    _ = budget.wait(upTo: Slab.small, isSlow: true, on: eventLoop) { _ in }
    try await settle()
    #expect(recalls.all == [1])
  }

  @Test func `a small slab granted for lack of room recalls enough offered slabs for a large one`() async throws {
    let slabs = spend()
    let recalls = Recalls()
    for number in 0..<32 { budget.offer(slabs[number], on: eventLoop, recall: recalls.note(number)) }
    budget.release(slabs[63])
    #expect(budget.take(upTo: Slab.large)?.bytes.count == Slab.small)
    try await settle()
    #expect(recalls.all == Array(0..<16))
    for number in 0..<16 { budget.release(slabs[number]) }
    #expect(budget.take(upTo: Slab.large)?.bytes.count == Slab.large)
  }

  @Test func `offering and withdrawing a slab 10,000 times does not let the order of offers grow`() async throws {
    let slab = try #require(budget.take(upTo: Slab.small))
    let other = try #require(budget.take(upTo: Slab.small))
    let recalls = Recalls()
    budget.offer(other, on: eventLoop, recall: recalls.note(-1))
    var offers = SlabOffers()
    for number in 0..<10_000 {
      budget.offer(slab, on: eventLoop, recall: recalls.note(number))
      budget.withdraw(slab)
      offers.add(slab) {}
      offers.withdraw(slab)
    }
    #expect(offers.order.count < 100)
    let slabs = spend()
    _ = budget.wait(upTo: Slab.small, isSlow: false, on: eventLoop) { _ in }
    try await settle()
    #expect(recalls.all == [-1] && !slabs.isEmpty)
  }
}
