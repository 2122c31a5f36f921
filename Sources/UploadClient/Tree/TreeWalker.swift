import CLinux
import Glibc
import Synchronization
import UploadCore

/// Walks directories, and returns what it finds as it reads them: it keeps one open directory for each level, and no list of
/// names, so that a directory may have any number of entries.
///
/// Every directory and file is opened below the argument's open directory, without following symbolic links unless
/// ``TreeRules/followsLinks`` is set: a tree that changes meanwhile never leads out of itself. Usable from any thread;
/// ``next(atMost:)`` blocks.
package final class TreeWalker: Sendable {
  private let rules: TreeRules
  private let state: Mutex<State>

  private struct State {
    var arguments: ArraySlice<TreeArgument>
    /// The directories that are being read, outermost first.
    var levels: [Level] = []
    var excludedCount: UInt64 = 0
  }

  /// A directory that is being read.
  private struct Level {
    let handle: DirectoryHandle
    let stream: DirectoryStream
    let place: Place
    /// Whether something in it is, or was, to be sent: then it is made with that.
    var hasContent = false
  }

  /// Where a directory is.
  private struct Place {
    /// The local path, for messages.
    var path: String
    /// Relative to the argument; empty for the argument itself.
    var relative: String
    /// At the server; empty for the root.
    var remote: String
    /// How many directories ``remote`` has.
    var depth: Int

    /// - Parameter name: of an entry (``NameBytes/losslessText``).
    func entry(_ name: String) -> Place {
      Place(
        path: path.utf8.last == UInt8(ascii: "/") ? path + name : path + "/" + name,
        relative: relative.isEmpty ? name : relative + "/" + name,
        remote: remote.isEmpty ? name : remote + "/" + name,
        depth: depth + 1
      )
    }
  }

  package init(_ arguments: [TreeArgument], rules: TreeRules) {
    self.rules = rules
    state = Mutex(State(arguments: arguments[...]))
  }

  /// The next entries, in the order of the arguments and of the directories on the disk. Blocks: call it on a thread pool.
  /// - Returns: at least one entry and at most `count`; none at the end.
  package func next(atMost count: Int) -> [TreeEntry] {
    state.withLock { state in
      var entries: [TreeEntry] = []
      while entries.count < max(1, count), let entry = next(&state) { entries.append(entry) }
      return entries
    }
  }

  /// How many files and directories were left out by patterns so far.
  var excludedCount: UInt64 { state.withLock { $0.excludedCount } }

  private func next(_ state: inout State) -> TreeEntry? {
    while true {
      guard !state.levels.isEmpty else {
        guard let argument = state.arguments.popFirst() else { return nil }
        if let entry = begin(argument, &state) { return entry }
        continue
      }
      let level = state.levels[state.levels.count - 1]
      switch level.stream.next() {
      case .name(let name): if let entry = visit(name, in: level, &state) { return entry }
      case .failure(let code):
        // Some of it may have been sent: it is no empty directory.
        state.levels[state.levels.count - 1].hasContent = true
        return .failed(path: level.place.path, SourceFailure.directory(level.place.path, code))
      case .end:
        state.levels.removeLast()
        if !level.hasContent, !level.place.remote.isEmpty { return .emptyDirectory(remotePath: level.place.remote) }
      }
    }
  }

  private func begin(_ argument: TreeArgument, _ state: inout State) -> TreeEntry? {
    switch argument {
    case .source(let source):
      guard rules.checksAccess, let path = source.path else { return .file(source) }
      let result = NameBytes.withPath(path) { faccessat(AT_FDCWD, $0, R_OK, AT_EACCESS) }
      return result == 0 ? .file(source) : .failed(path: path, SourceFailure.opening(path, errno))
    case .directory(let path, let name):
      let place = Place(path: path, relative: "", remote: name ?? "", depth: name == nil ? 0 : 1)
      do throws(UploadError) {
        try descend(DirectoryHandle(path: path), place, &state)
        return nil
      } catch {
        return .failed(path: path, error)
      }
    }
  }

  /// - Returns: nil for an entry that is left out, and for a directory, which is read next.
  private func visit(_ name: NameBytes, in level: Level, _ state: inout State) -> TreeEntry? {
    let top = state.levels.count - 1
    let place = level.place.entry(name.losslessText)
    let status = level.handle.status(of: name, follows: rules.followsLinks)
    let code = errno
    let kind = status.map { $0.st_mode & S_IFMT }
    guard !rules.excludes(place.relative, isDirectory: kind == S_IFDIR) else {
      state.excludedCount += 1
      return nil
    }
    // What fails counts as content as well: an empty directory in its place would hide that something is missing.
    guard let status else {
      state.levels[top].hasContent = true
      let isBroken = code == ENOENT && rules.followsLinks && level.handle.status(of: name, follows: false) != nil
      return .failed(
        path: place.path,
        isBroken ? SourceFailure.brokenLink(place.path) : SourceFailure.opening(place.path, code)
      )
    }
    switch kind {
    case S_IFLNK: return .skipped(path: place.path, .link)
    case S_IFSOCK: return .skipped(path: place.path, .socket)
    case S_IFIFO: return .skipped(path: place.path, .pipe)
    case S_IFCHR, S_IFBLK: return .skipped(path: place.path, .device)
    case S_IFDIR:
      state.levels[top].hasContent = true
      return open(name, at: place, in: level, &state)
    default:
      state.levels[top].hasContent = true
      if let error = Self.lengthError(place) { return .failed(path: place.path, error) }
      if rules.checksAccess, let code = level.handle.accessError(of: name) {
        return .failed(path: place.path, SourceFailure.opening(place.path, code))
      }
      return .file(source(at: place, in: state.levels[0], status))
    }
  }

  /// - Parameter root: the argument's directory: sources outlive the walk of the directories below it, which may be many.
  private func source(at place: Place, in root: Level, _ status: stat) -> UploadSource {
    var source = UploadSource.entry(
      NameBytes(lossless: place.relative),
      of: root.handle,
      follows: rules.followsLinks,
      path: place.path,
      remotePath: place.remote
    )
    let stamp = FileStamp(status)
    (source.size, source.modified) = (stamp.size, stamp.modifiedSeconds)
    return source
  }

  private func open(_ name: NameBytes, at place: Place, in level: Level, _ state: inout State) -> TreeEntry? {
    do throws(UploadError) {
      guard place.depth <= DirectoryPath.maximumDepth else { throw Self.depthError(place.path) }
      if let error = Self.lengthError(place) { throw error }
      let handle = try DirectoryHandle(name, in: level.handle, follows: rules.followsLinks, label: place.path)
      guard !state.levels.contains(where: { $0.handle.identity == handle.identity }) else {
        throw Self.loopError(place.path)
      }
      try descend(handle, place, &state)
      return nil
    } catch {
      return .failed(path: place.path, error)
    }
  }

  /// Makes a directory the one that is read next.
  private func descend(_ handle: DirectoryHandle, _ place: Place, _ state: inout State) throws(UploadError) {
    guard let stream = DirectoryStream(handle) else { throw SourceFailure.directory(place.path, errno) }
    state.levels.append(Level(handle: handle, stream: stream, place: place))
  }

  // MARK: Errors

  private static func depthError(_ path: String) -> UploadError {
    UploadError(
      .badValue,
      "The directory \"\(PlainText.sanitized(path))\" is more than \(DirectoryPath.maximumDepth) levels deep, and is not "
        + "sent. Send it by itself."
    )
  }

  private static func lengthError(_ place: Place) -> UploadError? {
    // The text has at least as many bytes as the name, and is counted without a copy.
    guard place.remote.utf8.count > DirectoryPath.maximumLength,
      NameBytes(lossless: place.remote).bytes.count > DirectoryPath.maximumLength
    else { return nil }
    return UploadError(
      .badValue,
      "The path of \"\(PlainText.sanitized(place.path))\" has more than \(DirectoryPath.maximumLength) bytes. "
        + "Send its directory by itself."
    )
  }

  private static func loopError(_ path: String) -> UploadError {
    UploadError(
      .unreadableFile,
      "The symbolic link \"\(PlainText.sanitized(path))\" leads back to a directory that contains it. It is not followed."
    )
  }
}

/// Reads the names of a directory one by one.
private final class DirectoryStream {
  enum Reading {
    case name(NameBytes)
    case end
    /// - Parameter code: the error number. Next: end.
    case failure(CInt)
  }

  private let stream: OpaquePointer
  private var hasFailed = false

  /// - Returns: nil and `errno` on failure.
  init?(_ directory: DirectoryHandle) {
    // Its own descriptor, closed as soon as all names are read: files of the directory may be sent much later.
    let descriptor = fcntl(directory.descriptor, F_DUPFD_CLOEXEC, 0)
    guard descriptor >= 0 else { return nil }
    guard let stream = fdopendir(descriptor) else {
      let code = errno
      close(descriptor)
      errno = code
      return nil
    }
    self.stream = stream
  }

  deinit { closedir(stream) }

  /// The next name, except `.` and `..`.
  func next() -> Reading {
    while !hasFailed {
      errno = 0
      guard let entry = readdir(stream) else {
        hasFailed = errno != 0
        return hasFailed ? .failure(errno) : .end
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { NameBytes(cString: $0) }
      }
      if name != ".", name != ".." { return .name(name) }
    }
    return .end
  }
}
