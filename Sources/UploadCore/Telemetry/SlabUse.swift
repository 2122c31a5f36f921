/// The memory budget at one instant, in bytes.
package struct SlabUse: Sendable, Equatable {
  /// Held by uploads now.
  package var used: Int
  /// The ceiling on all slabs together.
  package var budget: Int

  package init(used: Int, budget: Int) {
    self.used = used
    self.budget = budget
  }
}
