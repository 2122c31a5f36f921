package import UploadCore

/// What a walk finds in the order in which it reads directories.
package enum TreeEntry: Sendable {
  /// A regular file, or a source that is no file of a tree.
  case file(UploadSource)
  /// A directory without anything to send, which the server should have nevertheless.
  /// - Parameter remotePath: of the directory at the server, without a slash at its end (``NameBytes/losslessText``).
  case emptyDirectory(remotePath: String)
  /// Something that is not sent, as the rules say.
  /// - Parameter path: of the local file (``NameBytes/losslessText``).
  case skipped(path: String, SkippedKind)
  /// A directory or file that cannot be sent. The walk continues with the next one.
  /// - Parameter path: of the local file (``NameBytes/losslessText``).
  case failed(path: String, UploadError)
}

/// What is never sent as a file of a tree.
package enum SkippedKind: String, Sendable, CaseIterable {
  /// A symbolic link, unless links are followed.
  case link
  case socket
  case pipe
  case device

  /// The thing as a noun, to be put after "a" in a sentence.
  package var noun: String {
    switch self {
    case .link: "symbolic link"
    case .socket, .pipe, .device: rawValue
    }
  }
}

/// Which files of trees are sent.
package struct TreeRules: Sendable {
  /// Files and directories that match one of these are left out, without a report.
  package var excludes: [GlobPattern]
  /// Whether symbolic links are followed: then they may lead out of the tree, and a file that is reached twice is sent twice.
  package var followsLinks: Bool
  /// Whether files that this user may not read are found by the walk, as they are not opened otherwise.
  package var checksAccess = false

  package init(excludes: [GlobPattern] = [], followsLinks: Bool = false) {
    (self.excludes, self.followsLinks) = (excludes, followsLinks)
  }

  /// Whether a file or directory is left out.
  /// - Parameter path: relative to the directory that is sent.
  func excludes(_ path: String, isDirectory: Bool) -> Bool {
    excludes.contains { $0.matches(path, isDirectory: isDirectory) }
  }
}

/// An argument of `send`.
package enum TreeArgument: Sendable {
  /// A file or a stream, sent under its own name.
  case source(UploadSource)
  /// A directory.
  /// - Parameters:
  ///   - path: as it was named.
  ///   - name: the directory at the server for its content; nil for none.
  case directory(path: String, name: String?)

  /// The argument for an existing directory. `photos` and `../photos` are stored as `photos/...`; `photos/`, `.` and `..`
  /// name a directory's content, as do `photos/.` and `/`.
  /// - Parameter path: may contain bytes that are not UTF-8 (``NameBytes/losslessText``).
  package static func directory(_ path: String) -> TreeArgument {
    // Split by bytes, as the file system does: a combining mark after a slash would form one character with it.
    let parts = NameBytes(lossless: path).bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let last = NameBytes(parts.last ?? [])
    let isContent = last.isEmpty || last == "." || last == ".."
    return .directory(path: path, name: isContent ? nil : last.losslessText)
  }

  /// The argument's name for people: that of the directory, the last component of a path, or the name of a source.
  package var title: String {
    switch self {
    case .source(let source): return source.name
    case .directory(let path, let name):
      let last = NameBytes(lossless: path).bytes.split(separator: UInt8(ascii: "/")).last
      return name ?? last.map { NameBytes($0).losslessText } ?? path
    }
  }
}
