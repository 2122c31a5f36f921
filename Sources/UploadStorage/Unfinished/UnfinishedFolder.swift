import Glibc
import UploadCore

/// The hidden directory with the unfinished uploads of one upload directory. Each has up to three files: `ID.part`
/// with its bytes, `ID.json` with its record, and `ID.offset` with the offset that survives the death of the process.
///
/// All calls block. Several servers may use one directory: a change of a record locks its file, a request that appends
/// locks the file with the bytes (flock).
final class UnfinishedFolder: Sendable {
  /// The kinds of files, by the end of their names.
  enum Kind: String, CaseIterable, Sendable {
    case data = ".part"
    case record = ".json"
    case counter = ".offset"
    /// A record being written, which then replaces the old one.
    case draft = ".tmp"
  }

  /// Owned, closed with the last reference.
  let descriptor: Int32
  /// The upload directory that this one is in.
  let place: OpenedDirectory
  private let calls: FileCalls
  let durability: Durability

  private static let name = FileName.unfinishedDirectory

  /// Opens the hidden directory.
  /// - Parameter creating: whether it is created if it is missing.
  /// - Returns: nil when it is missing.
  /// - Throws: ``UploadError`` when it cannot be used.
  init?(in place: OpenedDirectory, durability: Durability, creating: Bool) throws(UploadError) {
    self.place = place
    self.durability = durability
    calls = place.calls
    if creating, mkdirat(place.descriptor, Self.name, 0o700) == 0 {
      if durability == .full, calls.syncDirectory(place.descriptor) != 0 {
        throw StorageError.uploadFailed(StorageError.directorySync)
      }
    }
    descriptor = openat(place.descriptor, Self.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor < 0 else { return }
    guard creating || errno != ENOENT else { return nil }
    throw StorageError.uploadFailed("open")
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Whether the directory is still there, and not another one in its place.
  var isCurrent: Bool {
    guard let own = FileStatus(descriptor: descriptor) else { return false }
    return place.root.entry(at: NameBytes(Self.name))?.identity == own.identity
  }

  /// Removes the directory if it is empty.
  func removeIfEmpty() { unlinkat(place.descriptor, Self.name, AT_REMOVEDIR) }

  // MARK: Names

  func name(_ id: UnfinishedID, _ kind: Kind) -> String { id.description + kind.rawValue }

  /// The name of an upload's bytes, seen from the upload directory.
  func dataPath(_ id: UnfinishedID) -> String { Self.name + "/" + name(id, .data) }

  /// The files of all uploads, in no order; others are left out.
  func files() -> [UnfinishedID: Set<Kind>] {
    var files: [UnfinishedID: Set<Kind>] = [:]
    for name in DirectoryNames.read(descriptor: calls.openAgain(descriptor)) {
      guard let text = String(validating: name.bytes, as: UTF8.self), let dot = text.firstIndex(of: "."),
        let id = UnfinishedID(text[..<dot]), let kind = Kind(rawValue: String(text[dot...]))
      else { continue }
      files[id, default: []].insert(kind)
    }
    return files
  }

  /// Removes files of an upload. Ignores failures.
  func remove(_ kinds: [Kind], of id: UnfinishedID) {
    for kind in kinds { unlinkat(descriptor, name(id, kind), 0) }
  }

  /// Opens one file of an upload.
  /// - Returns: its descriptor, or a negative number with `errno` set.
  func open(_ kind: Kind, of id: UnfinishedID, _ flags: Int32) -> Int32 {
    openat(descriptor, name(id, kind), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, FileMode.unrestricted)
  }

  /// The status of the file with an upload's bytes; nil when there is none.
  func dataStatus(_ id: UnfinishedID) -> FileStatus? {
    var status = stat()
    guard fstatat(descriptor, name(id, .data), &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    return FileStatus(status)
  }

  /// Makes the file with an upload's bytes writable again after it could not be published.
  func restoreMode(_ id: UnfinishedID) { fchmodat(descriptor, name(id, .data), 0o600, 0) }

  /// Runs `body` with an open file of an upload that no other process has locked, and locks it meanwhile.
  /// - Returns: nil, and `body` is not called, when there is no such file, it cannot be opened, or it is locked.
  func whileLocked<Result>(
    _ kind: Kind,
    of id: UnfinishedID,
    _ body: (Int32) throws(UploadError) -> Result
  ) throws(UploadError) -> Result? {
    var file = open(kind, of: id, O_RDWR)
    if file < 0, errno == EACCES { file = open(kind, of: id, O_RDONLY) }
    guard file >= 0 else { return nil }
    defer { close(file) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else { return nil }
    return try body(file)
  }

  /// The offset in the counter file; nil when there is none.
  func counter(_ id: UnfinishedID) -> UInt64? {
    let file = open(.counter, of: id, O_RDONLY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var value: UInt64 = 0
    let count = withUnsafeMutableBytes(of: &value) { pread(file, $0.baseAddress, $0.count, 0) }
    return count == 8 ? UInt64(littleEndian: value) : nil
  }

  // MARK: Records

  /// Reads a record; nil when there is none or it is damaged.
  func entry(_ id: UnfinishedID) -> UnfinishedEntry? {
    let file = open(.record, of: id, O_RDONLY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return entry(id, in: file)
  }

  private func entry(_ id: UnfinishedID, in file: Int32) -> UnfinishedEntry? {
    guard let status = FileStatus(descriptor: file), status.isFile,
      status.content.size <= UInt64(UnfinishedDocument.maximumSize)
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(status.content.size))
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        pread(
          file,
          UnsafeMutableRawBufferPointer(rebasing: buffer[done...]).baseAddress,
          buffer.count - done,
          off_t(done)
        )
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      done += count
    }
    return UnfinishedDocument.entry(of: id, in: bytes)
  }

  /// Changes a record: no other change of it, in this process or another, is lost.
  /// - Parameter body: changes the record; it is written only if it differs then.
  /// - Returns: the record as it is now; nil when there is none.
  /// - Throws: ``UploadError`` when it cannot be written; then the old one stays.
  @discardableResult
  func change(
    _ id: UnfinishedID,
    _ body: (inout UnfinishedEntry) -> Void
  ) throws(UploadError) -> UnfinishedEntry? {
    while true {
      let file = open(.record, of: id, O_RDONLY)
      guard file >= 0 else {
        guard errno == ENOENT else { throw StorageError.uploadFailed("open") }
        return nil
      }
      defer { close(file) }
      while flock(file, LOCK_EX) != 0, errno == EINTR {}
      // Replaced while this waited for the lock: the lock belongs to the new file.
      guard isCurrent(file, id) else { continue }
      guard let old = entry(id, in: file) else { return nil }
      var new = old
      body(&new)
      if new != old { try write(new) }
      return new
    }
  }

  private func isCurrent(_ file: Int32, _ id: UnfinishedID) -> Bool {
    var status = stat()
    // One that has been removed in between is gone: the next attempt to open it fails.
    guard fstatat(descriptor, name(id, .record), &status, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
    return FileStatus(descriptor: file)?.identity == FileStatus(status).identity
  }

  /// Writes a record in place of the old one, if there is one: atomically, and synced as far as the durability
  /// requires.
  /// - Throws: ``UploadError`` when that fails; then the old one stays.
  func write(_ entry: UnfinishedEntry) throws(UploadError) {
    let id = entry.record.id
    let bytes: [UInt8]
    do {
      bytes = try UnfinishedDocument.bytes(of: entry)
    } catch {
      throw UploadError(.internalFailure, "The record of the upload cannot be written.", cause: error)
    }
    let draft = open(.draft, of: id, O_RDWR | O_CREAT | O_TRUNC)
    guard draft >= 0 else { throw StorageError.uploadFailed("open") }
    // A starting server removes drafts that are not locked.
    _ = flock(draft, LOCK_EX | LOCK_NB)
    defer { close(draft) }
    do throws(UploadError) {
      try write(bytes, to: draft)
      if durability != .none, calls.sync(draft) != 0 { throw StorageError.uploadFailed("fdatasync of the record") }
      let (from, to) = (NameBytes(name(id, .draft)), NameBytes(name(id, .record)))
      guard calls.rename(descriptor, from, descriptor, to) == 0 else { throw StorageError.uploadFailed("rename") }
    } catch {
      remove([.draft], of: id)
      throw error
    }
    if durability == .full, calls.syncDirectory(descriptor) != 0 {
      throw StorageError.uploadFailed(StorageError.directorySync)
    }
  }

  private func write(_ bytes: [UInt8], to file: Int32) throws(UploadError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        calls.write(file, UnsafeRawBufferPointer(rebasing: $0[done...]), UInt64(done))
      }
      if count < 0, errno == EINTR { continue }
      if count == 0 { errno = EIO }
      guard count > 0 else { throw StorageError.uploadFailed("write") }
      done += count
    }
  }
}
