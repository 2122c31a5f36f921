/// One thing in a directory.
package struct DirectoryEntry: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case directory
    case file
    /// Neither, in a word: device, FIFO, socket, broken link.
    case other(String)
  }

  /// As the file system has it: it may hold anything.
  package var name: String
  /// Of what a link leads to, where it is one.
  package var kind: Kind
  /// In bytes; files only.
  package var size: UInt64?
  /// When it last changed, in local time: `2026-11-25 18:30`.
  package var modified: String
  /// Where a symbolic link leads to.
  package var linkTarget: String?
  /// Why it cannot be opened or sent, in words; nil when it can.
  package var problem: String?

  package init(
    name: String,
    kind: Kind,
    size: UInt64? = nil,
    modified: String = "",
    linkTarget: String? = nil,
    problem: String? = nil
  ) {
    self.name = name
    self.kind = kind
    self.size = size
    self.modified = modified
    self.linkTarget = linkTarget
    self.problem = problem
  }
}
