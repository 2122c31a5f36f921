/// What is in a directory, as the file picker shows it.
package struct DirectoryListing: Hashable, Sendable {
  /// As it was requested, to recognize a late result.
  package var requested: String
  /// Absolute, without `.`, `..`, `~` and doubled slashes; links in it stay links.
  package var path: String
  /// In no order; at most as many as the reader takes.
  package var entries: [DirectoryEntry] = []
  /// How many there are; more than ``entries`` holds when there are too many.
  package var total = 0
  /// Why it cannot be read, in words; nil when it was.
  package var problem: String?
}

extension DirectoryListing {
  /// One of which nothing has been read yet.
  package init(requested: String, path: String) {
    self.init(requested: requested, path: path, entries: [])
  }
}

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
  package var modified = ""
  /// Where a symbolic link leads to.
  package var linkTarget: String?
  /// Why it cannot be opened or sent, in words; nil when it can.
  package var problem: String?
}

extension DirectoryEntry {
  /// One of which no more is known yet.
  package init(name: String, kind: Kind, problem: String?) {
    self.init(name: name, kind: kind, size: nil, problem: problem)
  }
}

/// Whether files can be sent where the user wants them.
package struct SendCheck: Hashable, Sendable {
  /// One of the files.
  package struct File: Hashable, Sendable {
    package var path: String
    /// In bytes; nil when it cannot be known.
    package var size: UInt64?
    /// Why it cannot be sent, in words; nil when it can.
    package var problem: String?

    package init(path: String, size: UInt64? = nil, problem: String? = nil) {
      self.path = path
      self.size = size
      self.problem = problem
    }
  }

  /// In the order asked for.
  package var files: [File]
  package var target: SendDestination
  /// Why nothing can be sent there, in words; nil when it can be tried.
  package var targetProblem: String?

  package init(files: [File], target: SendDestination, targetProblem: String? = nil) {
    self.files = files
    self.target = target
    self.targetProblem = targetProblem
  }
}
