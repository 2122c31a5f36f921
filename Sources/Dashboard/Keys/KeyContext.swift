/// Where a key was pressed: the same one means different things in different places.
enum KeyContext: Hashable, Sendable, CaseIterable {
  /// Everywhere, whatever is open.
  case program
  /// The panes, the event log and the help.
  case dashboard
  /// A question that waits for its answer.
  case question
  /// While the filter is being typed.
  case filter
}
