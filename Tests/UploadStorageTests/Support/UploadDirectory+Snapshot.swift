import Testing
import UploadCore

@testable import UploadStorage

extension UploadDirectory {
  /// The names that a listing would show now, in its order.
  func snapshotNames() async throws -> [String] {
    let size = snapshotSize()
    let budget = try MemoryBudget(limit: UInt64(4 * size.bytes + MemoryBudget.minimum))
    let reservation = try #require(await budget.reserve(size.bytes))
    let snapshot = try snapshot(size, reservation: reservation)
    return (0..<snapshot.count).map { snapshot.name(at: $0).description }
  }
}
