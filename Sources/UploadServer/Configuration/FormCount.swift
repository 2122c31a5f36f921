import Synchronization

/// A number of forms, counted on all event loops.
final class FormCount: Sendable {
  private let count = Atomic<Int>(0)

  var value: Int { count.load(ordering: .relaxed) }

  func add(_ change: Int) {
    count.add(change, ordering: .relaxed)
  }
}
