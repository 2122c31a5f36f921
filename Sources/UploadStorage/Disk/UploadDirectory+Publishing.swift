import CLinux
import Glibc
import UploadCore

extension UploadDirectory {
  /// Where the search for a free number ends: no directory has so many files.
  private static let highestNumber = 1 << 40

  /// A name that a file has been given, or will have once it is renamed from where it stands.
  struct Given {
    var name: NameBytes
    /// Where it stands beside the file that it is to replace.
    var staged: String?
  }

  /// Gives files their names, then syncs the directory where the durability asks for it: all, or none.
  ///
  /// What replaces another file is put beside it first and renamed when nothing else is left to refuse it. A replaced file
  /// cannot be brought back: where a rename or the sync of the directory fails after all, what has been renamed stays,
  /// since whole and synced bytes are better than neither the old nor the new ones.
  func publish(
    _ uploads: [SealedUpload],
    _ configuration: DiskStore.Configuration
  ) throws(UploadError) -> [StoredFile] {
    var given: [Given] = []
    do {
      for upload in uploads { given.append(try give(upload, policy: configuration.onDuplicate, beside: given)) }
      for file in given { try takePlace(file) }
      if configuration.durability == .full { try sync() }
    } catch {
      for (upload, given) in zip(uploads, given) { withdraw(given, from: upload.file) }
      for upload in uploads { upload.discard() }
      throw error
    }
    return zip(uploads, given).map { upload, given in
      defer { upload.file.closeNamed() }
      return describe(upload, given)
    }
  }

  /// A file that has got its name.
  func describe(_ upload: SealedUpload, _ given: Given) -> StoredFile {
    var status = stat()
    fstat(upload.file.descriptor, &status)
    return StoredFile(
      name: given.name,
      size: UInt64(max(0, status.st_size)),
      type: upload.type,
      modified: clinux_modified_seconds(&status),
      replaced: given.staged != nil,
      digests: upload.digests
    )
  }

  /// Takes a name away again. One that has replaced another file by then stays: see ``publish(_:_:)``.
  func withdraw(_ given: Given, from file: PartialFile) {
    if let staged = given.staged { remove(NameBytes(staged)) } else { remove(given.name, from: file) }
  }

  /// Takes a file's name away, unless another file has got it meanwhile.
  func remove(_ name: NameBytes, from file: PartialFile) {
    var (own, named) = (stat(), stat())
    guard fstat(file.descriptor, &own) == 0, look(at: name, &named), own.st_ino == named.st_ino else { return }
    remove(name)
  }

  func remove(_ name: NameBytes) {
    _ = name.withCString { unlinkat(descriptor, $0, 0) }
  }

  /// Gives a file its name, or puts it beside the file that it is to replace.
  /// - Parameter others: what files of the same form have got: none of them replaces another.
  func give(
    _ upload: SealedUpload,
    policy: DuplicatePolicy,
    beside others: [Given] = []
  ) throws(UploadError) -> Given {
    var number = 1
    while true {
      let name = upload.name.numbered(number).bytes
      let isGiven = others.contains { $0.name == name }
      if !isGiven, try link(upload.file, as: name) { return Given(name: name) }
      switch policy {
      case .replace where number == 1 && !isGiven:
        var status = stat()
        // Now, since what comes before it in the form is not replaced yet.
        if look(at: name, &status), status.st_mode & S_IFMT == S_IFDIR { throw taken(name) }
        return Given(name: name, staged: try stage(upload.file))
      case .error: throw taken(name)
      case .rename, .replace: number = freeNumber(for: upload.name, after: number)
      }
    }
  }

  /// The first number behind one that is taken under which nothing stands, where they were given one after the other; else
  /// one that is free. Whether it still is, is told when the name is given.
  ///
  /// Looks ahead in steps that double, then halves the last one: of 10,000 files of one name that is 27 looks.
  private func freeNumber(for name: FileName, after number: Int) -> Int {
    var status = stat()
    var (taken, free, step) = (number, number + 1, 1)
    while free < Self.highestNumber, look(at: name.numbered(free).bytes, &status) {
      step *= 2
      (taken, free) = (free, free + step)
    }
    while free - taken > 1 {
      let middle = taken + (free - taken) / 2
      if look(at: name.numbered(middle).bytes, &status) { taken = middle } else { free = middle }
    }
    return free
  }

  /// Looks at what has a name, a link itself and not where it leads.
  /// - Returns: whether there is anything.
  private func look(at name: NameBytes, _ status: inout stat) -> Bool {
    name.withCString { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0
  }

  /// Gives a file its name unless that is taken.
  /// - Returns: false when it is.
  private func link(_ file: PartialFile, as name: NameBytes) throws(UploadError) -> Bool {
    if tryName(name, for: file) == 0 { return true }
    if errno == EEXIST { return false }
    throw StorageError.uploadFailed("link", in: path)
  }

  /// Gives a file a name; below 0 with `errno` set when that failed, `EEXIST` when it is taken.
  func tryName(_ name: NameBytes, for file: PartialFile) -> Int32 {
    guard let hidden = file.hiddenName else { return calls.link(file.descriptor, descriptor, name) }
    return renameWithoutOverwriting(NameBytes(hidden), to: name)
  }

  /// `renameat2`, or on file systems that do not know it a link and an unlink, which overwrites no more.
  private func renameWithoutOverwriting(_ from: NameBytes, to name: NameBytes) -> Int32 {
    let result = calls.renameNew(descriptor, from, name)
    guard result != 0, errno == EINVAL || errno == ENOSYS else { return result }
    let linked = from.withCString { from in name.withCString { linkat(descriptor, from, descriptor, $0, 0) } }
    guard linked == 0 else { return -1 }
    // The file has its name: a second one that stays fails nothing, and is swept at the next start.
    remove(from)
    return 0
  }

  /// Puts a file under a hidden name, locked first so that no sweep can take it for a leftover.
  private func stage(_ file: PartialFile) throws(UploadError) -> String {
    if let hidden = file.hiddenName { return hidden }
    let hidden = Self.hiddenName()
    guard clinux_lock(file.descriptor) == 0, calls.link(file.descriptor, descriptor, NameBytes(hidden)) == 0 else {
      throw StorageError.uploadFailed("link", in: path)
    }
    return hidden
  }

  /// Renames a staged file over the one it replaces, in one step: the old one is there until then.
  func takePlace(_ file: Given) throws(UploadError) {
    guard let staged = file.staged, calls.rename(descriptor, NameBytes(staged), file.name) != 0 else { return }
    throw errno == EISDIR ? taken(file.name) : StorageError.uploadFailed("rename", in: path)
  }

  private func taken(_ name: NameBytes) -> UploadError {
    UploadError(
      .nameTaken,
      "\"\(PlainText.sanitized(name.description))\" is there already. Send the file under another name."
    )
  }
}
