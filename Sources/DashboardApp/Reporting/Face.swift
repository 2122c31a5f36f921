package import UploadCore

/// A way of showing snapshots. Called by the ``Reporter`` alone, so it may keep state.
package protocol Face: Sendable {
  /// Shows what is new in a snapshot.
  mutating func show(_ snapshot: Snapshot)
  /// Takes its leave: after the last snapshot, before anything else is printed.
  mutating func end()
}

extension Face {
  package mutating func end() {}
}
