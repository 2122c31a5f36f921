import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Testing
import UploadCore
import UploadStorage

@testable import UploadServer

@Suite struct RequestQueueTests {
  private static let head = HTTPRequestPart.head(
    HTTPRequest(method: .get, scheme: "http", authority: "localhost", path: "/")
  )

  /// - Returns: how many heads it takes.
  private func fill(_ queue: RequestQueue) -> Int {
    var count = 0
    while count < 100_000, queue.append(Self.head) { count += 1 }
    return count
  }

  @Test func `Tiny chunks count by their number`() throws {
    let queue = RequestQueue(budget: try MemoryBudget(limit: 64 << 20))
    var count = 0
    while count < 200_000, queue.append(.body(ByteBuffer(repeating: 0, count: 1))) { count += 1 }
    #expect((10_000..<100_000).contains(count))
  }

  @Test func `Heads count in the budget, but for a few, and not without end`() throws {
    let budget = try MemoryBudget(limit: 64 << 20)
    do {
      let queue = RequestQueue(budget: budget)
      for _ in 0..<100 { #expect(queue.append(Self.head)) }
      #expect(budget.use.used == 0)
      let count = fill(queue)
      #expect((10_000..<25_000).contains(count))
      #expect((7 << 20...8 << 20).contains(budget.use.used))
      while !queue.isEmpty { queue.removeFirst() }
      #expect(budget.use.used == 0)
      _ = fill(queue)
      queue.removeAll()
      #expect(queue.isEmpty && budget.use.used == 0)
      _ = fill(queue)
    }
    #expect(budget.use.used == 0, "it ends with its connection")
  }

  @Test func `Where the budget is short only a few heads wait`() throws {
    let budget = try MemoryBudget(limit: 4 << 20)
    #expect(budget.growBuffer(by: 1 << 20))
    let count = fill(RequestQueue(budget: budget))
    #expect((100..<200).contains(count))
    budget.shrinkBuffer(by: 1 << 20)
  }

  @Test func `A long head counts by its length`() throws {
    let queue = RequestQueue(budget: try MemoryBudget(limit: 64 << 20))
    var request = HTTPRequest(method: .get, scheme: "http", authority: "localhost", path: "/")
    request.headerFields[.cookie] = String(repeating: "x", count: 15_000)
    var count = 0
    while count < 100_000, queue.append(.head(request)) { count += 1 }
    #expect((500..<600).contains(count))
  }

  @Test func `Bodies count by themselves`() throws {
    let budget = try MemoryBudget(limit: 4 << 20)
    let queue = RequestQueue(budget: budget)
    let piece = ByteBuffer(repeating: 0, count: 1 << 20)
    for _ in 0..<8 { #expect(queue.append(.body(piece))) }
    #expect(budget.use.used == 0)
    #expect(!queue.append(.body(ByteBuffer(repeating: 0, count: 1))))
  }
}
