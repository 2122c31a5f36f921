import Testing
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Listings that their readers have sorted.
@Suite struct SortedListingTests {
  private func store() -> MemoryStore {
    let store = BrowsingProbe.store()
    store.add("d/b.txt", [1, 2, 3], type: "text/plain", modified: 100)
    store.add("d/A.png", [1], type: "image/png", modified: 300)
    store.add("d/c", [1, 2], type: "text/plain", modified: 200)
    store.add("d/a.png", [1, 2, 3, 4], type: "image/png", modified: 50)
    store.add("d/sub 2/x", [1])
    store.add("d/Sub 1/x", [1])
    return store
  }

  /// The names of all entries on a page, in their order.
  private func names(_ page: String) -> [String] {
    page.matches(of: /<td><a [^>]*><bdi>([^<]*)<\/bdi>/).map { String($0.1) }
  }

  @Test(arguments: [
    ("sort=name", "Sub 1/ sub 2/ A.png a.png b.txt c"), ("sort=name&order=desc", "sub 2/ Sub 1/ c b.txt a.png A.png"),
    ("sort=size", "Sub 1/ sub 2/ a.png b.txt c A.png"), ("sort=size&order=asc", "Sub 1/ sub 2/ A.png c b.txt a.png"),
    ("sort=date", "Sub 1/ sub 2/ A.png c b.txt a.png"), ("sort=date&order=asc", "Sub 1/ sub 2/ a.png b.txt c A.png"),
    ("sort=type", "Sub 1/ sub 2/ A.png a.png b.txt c"), ("sort=type&order=desc", "Sub 1/ sub 2/ b.txt c A.png a.png"),
    ("sort=", "Sub 1/ sub 2/ A.png a.png b.txt c"),
  ])
  func `a page is sorted by the column that its query names, directories first`(
    query: String,
    order: String
  ) async throws {
    let reply = try await BrowsingProbe(store: store()).get("/files/d/?\(query)", as: "text/html")
    #expect(names(reply.text).joined(separator: " ") == order, "\(reply.text)")
    #expect(reply.text.split(separator: "aria-sort=").count == 2)
  }

  @Test(arguments: [("sort=owner", "Unknown sort"), ("sort=name&order=up", "Unknown order")])
  func `an unknown column or order gets 400`(query: String, message: String) async throws {
    let reply = try await BrowsingProbe(store: store()).get("/files/d/?\(query)", as: "text/html")
    #expect(reply.status == 400 && reply.text.contains(message))
  }

  @Test func `JSON is not sorted: programs sort by themselves`() async throws {
    let probe = BrowsingProbe(store: store())
    let (plain, sorted) = (try await probe.get("/files/d/"), try await probe.get("/files/d/?sort=size"))
    #expect(plain.status == 200 && plain.bytes == sorted.bytes)
  }

  @Test func `a listing that is too long is not sorted, and says so`() async throws {
    let store = BrowsingProbe.store()
    for number in 0...SortedListing.limit { store.add("file \(number)", []) }
    let plain = try await BrowsingProbe(store: store).get("/files/?sort=name&order=desc", as: "text/html")
    #expect(plain.text.contains("Not sorted: 10,001 entries are too many."))
    #expect(names(plain.text).first == "file 0" && names(plain.text).count == SortedListing.limit + 1)
  }

  @Test func `a listing for which the budget has too little memory is not sorted, and says so`() async throws {
    let store = BrowsingProbe.store()
    for number in 0..<6000 { store.add("file \(number)", []) }
    let small = try await BrowsingProbe(store: store).get("/files/?sort=name&order=desc", as: "text/html")
    #expect(small.text.contains("Not sorted: 6,000 entries are too many."))
    let large = try await BrowsingProbe(store: store, memory: 64 << 20).get("/files/?sort=size", as: "text/html")
    #expect(!large.text.contains("Not sorted") && names(large.text).count == 6000)
  }

  @Test func `entries that are removed while a listing is sorted are left out, and no other is shown twice`()
    async throws
  {
    let budget = try MemoryBudget(limit: UInt64(MemoryBudget.minimum))
    for removed in [Set([0]), [5, 6, 63], [64], [199], Set(0..<200)] {
      let found = try await SortedListing.sorting(
        ShrinkingListing(removed: removed),
        by: ListingOrder(.name, isDescending: true),
        in: budget
      )
      let listing = try #require(found)
      let names = try await listing.read(from: 0, into: [String]()) { names, entry in
        if case .directory(let name, _) = entry { names.append(name.description) }
        return true
      }
      let left = (0..<200).filter { !removed.contains($0) }.reversed().map { ShrinkingListing.name($0) }
      #expect(names.value == left, "\(removed)")
    }
    #expect(budget.use.used == 0)
  }
}

/// 200 directories, of which some have been removed since they were listed.
private struct ShrinkingListing: FileListing {
  let removed: Set<Int>
  let count = 200

  static func name(_ number: Int) -> String { "\(1000 + number)" }

  func read<Value: Sendable>(
    from start: Int,
    in order: [UInt32]?,
    into initial: Value,
    _ body: @escaping @Sendable (inout Value, ListedEntry) -> Bool
  ) async throws -> (value: Value, next: Int) {
    var (value, next) = (initial, start)
    while next < order?.count ?? count {
      let place = order.map { Int($0[next]) } ?? next
      next += 1
      guard !removed.contains(place) else { continue }
      if !body(&value, .directory(name: NameBytes(Self.name(place)), modified: 0)) { break }
    }
    return (value: value, next: next)
  }
}
