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

  /// - Returns: the number of request heads that it accepts.
  private func fill(_ queue: RequestQueue) -> Int {
    var count = 0
    while count < 100_000, queue.append(Self.head) { count += 1 }
    return count
  }

  @Test func `A queue accepts between 10,000 and 100,000 chunks of one byte`() throws {
    let queue = RequestQueue(budget: try MemoryBudget(limit: 64 << 20))
    var count = 0
    while count < 200_000, queue.append(.body(ByteBuffer(repeating: 0, count: 1))) { count += 1 }
    #expect((10_000..<100_000).contains(count))
  }

  @Test func `Queued request heads count in the budget beyond the first hundred, up to 8 MiB, until removed`() throws {
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

  @Test func `When buffers have used their share of the budget, only 100 to 200 request heads are queued`() throws {
    let budget = try MemoryBudget(limit: 4 << 20)
    #expect(budget.growBuffer(by: 1 << 20))
    let count = fill(RequestQueue(budget: budget))
    #expect((100..<200).contains(count))
    budget.shrinkBuffer(by: 1 << 20)
  }

  @Test func `A queue accepts only some 500 request heads of 15 kB`() throws {
    let queue = RequestQueue(budget: try MemoryBudget(limit: 64 << 20))
    var request = HTTPRequest(method: .get, scheme: "http", authority: "localhost", path: "/")
    request.headerFields[.cookie] = String(repeating: "x", count: 15_000)
    var count = 0
    while count < 100_000, queue.append(.head(request)) { count += 1 }
    #expect((500..<600).contains(count))
  }

  @Test func `A queue accepts 8 MiB of bodies, which do not count in the budget`() throws {
    let budget = try MemoryBudget(limit: 4 << 20)
    let queue = RequestQueue(budget: budget)
    let chunk = ByteBuffer(repeating: 0, count: 1 << 20)
    for _ in 0..<8 { #expect(queue.append(.body(chunk))) }
    #expect(budget.use.used == 0)
    #expect(!queue.append(.body(ByteBuffer(repeating: 0, count: 1))))
  }

  @Test func `The end of a request is found at any place in the queue`() throws {
    let queue = RequestQueue(budget: try MemoryBudget(limit: 64 << 20))
    #expect(queue.isEmpty && !queue.hasEnd)
    #expect(queue.append(Self.head))
    #expect(!queue.isEmpty && !queue.hasEnd)
    #expect(queue.append(.end(nil)))
    #expect(queue.append(Self.head))
    #expect(queue.hasEnd)
    queue.removeFirst()
    queue.removeFirst()
    #expect(!queue.isEmpty && !queue.hasEnd)
    queue.removeFirst()
    #expect(queue.isEmpty)
    queue.removeFirst()
    #expect(queue.isEmpty, "the first part of an empty queue is none")
  }

  @Test func `Removing all parts leaves the queue empty`() throws {
    let queue = RequestQueue(budget: try MemoryBudget(limit: 64 << 20))
    #expect(queue.append(.body(ByteBuffer(repeating: 0, count: 3))))
    #expect(queue.append(.end(nil)))
    queue.removeAll()
    #expect(queue.isEmpty && !queue.hasEnd)
  }

  @Test func `While a queue is being drained, draining cannot begin again`() throws {
    let queue = RequestQueue(budget: try MemoryBudget(limit: 64 << 20))
    #expect(queue.append(Self.head))
    #expect(queue.beginDraining() == true)
    #expect(queue.isDraining)
    #expect(queue.beginDraining() == false)
    queue.removeFirst()
    #expect(queue.isDraining, "until the outer loop ends")
    #expect(queue.endDraining() == true)
    #expect(!queue.isDraining)
  }

  @Test func `Draining an empty queue may begin, and its end reports that there was nothing to serve`() throws {
    let queue = RequestQueue(budget: try MemoryBudget(limit: 64 << 20))
    #expect(queue.beginDraining() == true)
    #expect(!queue.isDraining)
    #expect(queue.endDraining() == false)
  }
}
