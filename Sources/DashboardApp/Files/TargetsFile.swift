import CLinux
import Dashboard
import FoundationEssentials
import Glibc
import UploadClient
import UploadCore
import UploadReport

/// The file with the servers that files were sent to, and their names. Its functions may block.
///
/// It never contains a token, since ``TargetText/stored(_:)`` leaves out what may have one, and only its owner can read it. A
/// file that cannot be used is renamed to `NAME.broken`, or `NAME.broken.2` and so on, before a new one is written;
/// without a free name it stays, and nothing is written.
package struct TargetsFile: Sendable {
  private let file: UserFile

  package init(path: String) { file = UserFile(path: path) }

  var path: String { file.path }

  /// Reads the targets; none where there is no file, or it cannot be used. The note tells the user why it cannot be
  /// used, or not all of it; otherwise it is nil.
  func load() -> (targets: SavedTargets, note: String?) {
    let shown = PlainText.sanitized(path)
    do throws(UserFile.Unusable) {
      let content = try content()
      guard let problem = content.problem else { return (content.targets, isDanglingLink ? danglingNote : nil) }
      return (content.targets, "Not all of your targets are used: \(shown)\(problem).\(keptText)")
    } catch {
      let rest = error.isKept ? keptText : " Targets are not stored."
      return (SavedTargets(), "Your targets are not used: \(shown)\(error.reason).\(rest)")
    }
  }

  /// Makes changes in the file as it is now, since another process may have written it, and creates missing
  /// directories: a reader finds the old targets or the new ones, complete. A symbolic link is preserved.
  /// - Returns: a note when a file that cannot be used was renamed; otherwise nil.
  /// - Throws: ``UploadError``: `nameTaken` when something other than a regular file is there, `badDirectory`,
  ///   `diskFull` or `storageFailed`.
  func save(_ changes: [TargetChange]) throws(UploadError) -> String? {
    do throws(UploadError) {
      let target = try OutputTarget(path).path
      // Where a link leads to a directory that is missing, it is probably one of a disk that is not mounted.
      if target == path { try file.createDirectory(of: target) }
      let lock = DirectoryLock(OutputTarget.directory(of: target))
      defer { lock.release() }
      let old = Result { () throws(UserFile.Unusable) in try content() }
      var targets = SavedTargets()
      var isUsable = true
      switch old {
      case .success(let content): (targets, isUsable) = (content.targets, content.problem == nil)
      case .failure(let unusable) where unusable.isKept: isUsable = false
      case .failure(let unusable):
        throw UploadError(.nameTaken, "\(PlainText.sanitized(path))\(unusable.reason). Remove it.")
      }
      for change in changes { targets.apply(change) }
      let new = try OutputFile(path: path, existing: .replace, mode: 0o600)
      // One that replaces a file has got the mode of that.
      guard chmod(new.temporary, 0o600) == 0 else { throw file.failure("chmod") }
      try new.write(TargetsText.text(targets))
      try new.sync()
      let aside = try isUsable ? nil : keepAside(target)
      try new.finish()
      return aside.map { "\(PlainText.sanitized(path)) could not be used; it is kept as \(PlainText.sanitized($0))." }
    } catch {
      throw UploadError(error.code, "Your targets cannot be stored. \(error.message)", cause: error.cause)
    }
  }

  // MARK: Reading

  private typealias Content = (targets: SavedTargets, problem: String?)

  /// - Returns: no targets when there is no file; with them what is wrong with some, as text that follows the path.
  private func content() throws(UserFile.Unusable) -> Content {
    guard let bytes = try file.read() else { return (SavedTargets(), nil) }
    guard let parsed = TargetsText.targets(from: bytes) else {
      throw UserFile.Unusable(reason: " is not a list of targets of this version", isKept: true)
    }
    guard parsed.unusable > 0 else { return (parsed.targets, nil) }
    let entries = parsed.unusable == 1 ? "1 entry" : "\(parsed.unusable) entries"
    return (parsed.targets, " has \(entries) that cannot be used")
  }

  private var isDanglingLink: Bool {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return false }
    return stat(path, &status) != 0
  }

  private var danglingNote: String {
    let target = linkTarget(path).map { PlainText.sanitized($0) } ?? "another file"
    return "You have no targets yet: \(PlainText.sanitized(path)) is a link to \(target), which does not exist."
  }

  // MARK: Keeping what cannot be used

  /// Appended to the name of a file that cannot be used.
  private static let suffix = ".broken"
  /// How many such files are kept.
  private static let mostKept = 9

  private var keptText: String {
    let name = path.dropFirst(OutputTarget.directory(of: path).count)
    return " It is kept as \(PlainText.sanitized(name + Self.suffix)) when new ones are stored."
  }

  /// Renames a file that cannot be used, to a name that no file has.
  /// - Returns: that name, with its directory.
  private func keepAside(_ target: String) throws(UploadError) -> String {
    for number in 1...Self.mostKept {
      let aside = target + Self.suffix + (number > 1 ? ".\(number)" : "")
      if clinux_rename_new(AT_FDCWD, target, AT_FDCWD, aside) == 0 { return aside }
      if errno == EEXIST { continue }
      guard errno == EINVAL || errno == ENOSYS else { throw file.failure("rename") }
      // A file system without renames that replace nothing.
      var status = stat()
      if lstat(aside, &status) == 0 { continue }
      guard rename(target, aside) == 0 else { throw file.failure("rename") }
      return aside
    }
    let shown = PlainText.sanitized(target)
    throw UploadError(
      .nameTaken,
      "\(shown) cannot be used, and \(Self.mostKept) such files are kept already. Remove them."
    )
  }
}

/// A lock on a directory (flock) that keeps several processes from losing each other's changes. Where it cannot be had
/// within a second, the change is made without it.
private struct DirectoryLock {
  private static let tries = 50

  private let descriptor: Int32

  /// - Parameter directory: with a slash at the end; empty for the working directory.
  init(_ directory: String) {
    descriptor = open(directory.isEmpty ? "." : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    for _ in 0..<Self.tries {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
      guard errno == EWOULDBLOCK || errno == EINTR else { return }
      usleep(20_000)
    }
  }

  func release() { if descriptor >= 0 { close(descriptor) } }
}

/// Targets as JSON: `{"version":1,"targets":[{"url":"http://nas:8080","name":"nas"}]}`.
enum TargetsText {
  private static let version = 1

  private struct Object: Decodable {
    var version: Int
    var targets: [Entry]
  }

  private struct Entry: Decodable {
    enum Key: String, CodingKey { case url, name }

    var target: SavedTarget?
    var isUsable = false

    init(from decoder: any Decoder) throws {
      guard let values = try? decoder.container(keyedBy: Key.self) else { return }
      guard let text = try? values.decode(String.self, forKey: .url), let url = TargetText.stored(text) else { return }
      guard (try? SendTarget(url)) != nil else { return }
      let name = try? values.decode(String.self, forKey: .name)
      let hasValidName = name.map { TargetText.nameProblem($0) == nil } ?? false
      target = SavedTarget(url: url, name: hasValidName ? name : nil)
      isUsable = hasValidName || !values.contains(.name)
    }
  }

  /// Reads the content of a file. Entries that are not valid are left out and counted, and so are names.
  /// - Returns: nil when `bytes` are not a list of targets of this version.
  static func targets(from bytes: [UInt8]) -> (targets: SavedTargets, unusable: Int)? {
    guard let object = try? JSONDecoder().decode(Object.self, from: Data(bytes)), object.version == version else {
      return nil
    }
    return (SavedTargets(object.targets.compactMap(\.target)), object.targets.count { !$0.isUsable })
  }

  static func text(_ targets: SavedTargets) -> String {
    let entries = targets.entries.map { target -> JSONValue in
      let name: [(String, JSONValue)] = target.name.map { [("name", .string($0))] } ?? []
      return .object([("url", .string(target.url))] + name)
    }
    return JSONValue.object([("version", .integer(version)), ("targets", .array(entries))]).serialized + "\n"
  }
}

/// Stores changes of the targets in the background, in their order. Those whose writing fails are written with the next
/// one.
struct TargetsSaver: Sendable {
  /// The most changes that are kept while they cannot be written.
  private static let mostUnsaved = 100

  private let changes: AsyncStream<TargetChange>.Continuation
  private let writing: Task<Void, Never>

  /// - Parameter onNote: called on another thread with a message for the user when a change cannot be written (not again
  ///   while the same message repeats), and when a file that cannot be used was renamed.
  init(_ file: TargetsFile, onNote: @escaping @Sendable (String) -> Void) {
    let stream: AsyncStream<TargetChange>
    (stream, changes) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.mostUnsaved))
    writing = Task.detached {
      var unsaved: [TargetChange] = []
      var lastFailure: String?
      for await change in stream {
        unsaved = unsaved.suffix(Self.mostUnsaved - 1) + [change]
        do throws(UploadError) {
          let note = try file.save(unsaved)
          (unsaved, lastFailure) = ([], nil)
          if let note { onNote(note) }
        } catch {
          if error.message != lastFailure { onNote(error.message) }
          lastFailure = error.message
        }
      }
    }
  }

  /// Has a change written soon by another thread; returns immediately.
  func save(_ change: TargetChange) { changes.yield(change) }

  /// Returns when all changes are written, or that has failed; later ones are ignored.
  func finish() async {
    changes.finish()
    await writing.value
  }
}
