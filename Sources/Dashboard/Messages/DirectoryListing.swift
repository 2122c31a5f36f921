/// What is in a directory, as the file picker shows it.
package struct DirectoryListing: Hashable, Sendable {
  /// As it was asked for, to tell a late answer from the one that is awaited.
  package var requested: String
  /// Absolute, without `.`, `..`, `~` and doubled slashes; links in it stay links.
  package var path: String
  /// In no order; at most as many as the reader takes.
  package var entries: [DirectoryEntry]
  /// How many there are; more than ``entries`` holds when there are too many.
  package var total: Int
  /// Why it cannot be read, in words; nil when it was.
  package var problem: String?

  package init(
    requested: String,
    path: String,
    entries: [DirectoryEntry] = [],
    total: Int = 0,
    problem: String? = nil
  ) {
    self.requested = requested
    self.path = path
    self.entries = entries
    self.total = total
    self.problem = problem
  }
}
