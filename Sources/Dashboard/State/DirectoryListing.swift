/// The content of a directory, as the file picker shows it.
package struct DirectoryListing: Hashable, Sendable {
  /// The path as the picker requested it; identifies the request that this is the result of.
  package var requested: String
  /// The directory's path: absolute, without `.`, `..`, `~` and doubled slashes. Symbolic links in it are not resolved.
  package var path: String
  /// The entries in no order, without `.` and `..`; at most as many as the reader's limit. Empty when it cannot be
  /// read.
  package var entries: [DirectoryEntry] = []
  /// How many entries the reader has found, 0 or more: more than in ``entries`` if its limit left some out.
  package var total = 0
  /// Why the directory could not be read, or only a part of it; nil without such an error, even if the limit was
  /// reached.
  package var problem: String?
}

extension DirectoryListing {
  /// A listing without entries, for the reader to fill in.
  package init(requested: String, path: String) { self.init(requested: requested, path: path, entries: []) }
}

/// One entry of a directory.
package struct DirectoryEntry: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case directory
    case file
    /// Neither, or unknown; the value says what it is, as a noun: `device`, `FIFO`, `socket`, `broken link`.
    case other(String)
  }

  /// The name as the file system has it. It may contain control characters: sanitize it for display.
  package var name: String
  /// The kind of the entry itself; for a symbolic link, of its target.
  package var kind: Kind
  /// In bytes; nil for everything but files. For a link to a file, the size of that file.
  package var size: UInt64?
  /// When it, or the target of a symbolic link, was last modified, in local time: `2026-11-25 18:30`. Empty when
  /// unknown.
  package var modified = ""
  /// The target of a symbolic link, as it is stored in the link; nil for other entries.
  package var linkTarget: String?
  /// Why it cannot be opened or sent; nil when it can.
  package var problem: String?
}

extension DirectoryEntry {
  /// An entry without size, time and link target, for the reader to fill in.
  package init(name: String, kind: Kind, problem: String?) {
    self.init(name: name, kind: kind, size: nil, problem: problem)
  }
}

/// The result of checking files and a target before they are sent.
package struct SendCheck: Hashable, Sendable {
  /// One of the files, and whether it can be sent.
  package struct File: Hashable, Sendable {
    package var path: String
    /// In bytes; nil when it is unknown, as for a missing file and for a directory.
    package var size: UInt64?
    /// Whether it is a directory, which is sent with all that it contains.
    package var isDirectory = false
    /// Why the file cannot be sent; nil when it can.
    package var problem: String?

    package init(path: String, size: UInt64? = nil, isDirectory: Bool = false, problem: String? = nil) {
      (self.path, self.size, self.isDirectory, self.problem) = (path, size, isDirectory, problem)
    }
  }

  /// One result for each requested path, in the order of the request.
  package var files: [File]
  package var target: SendDestination
  /// Why nothing can be sent to the target; nil when it can be tried.
  package var targetProblem: String?

  package init(files: [File], target: SendDestination, targetProblem: String? = nil) {
    (self.files, self.target, self.targetProblem) = (files, target, targetProblem)
  }
}
