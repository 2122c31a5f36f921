import CLinux
import Glibc
import Synchronization
import UploadCore

extension OpenedDirectory {
  /// Where the search for a free number ends: no directory has so many files.
  private static let highestNumber = 1 << 40

  /// A name that a file has been given, or will have once it is renamed from where it stands.
  struct Given {
    var name: NameBytes
    /// The file that has it, or will have it.
    let file: FileIdentity
    /// Where it stands beside the file that it is to replace.
    var staged: NameBytes?
    /// The file that it is to replace.
    var old: FileIdentity?
    /// What must hold of the file that it replaces.
    var condition: PublishCondition?

    /// Whether what has a name is this file, or the one that it is to replace.
    func claims(_ entry: FileIdentity) -> Bool { entry == file || entry == old }
  }

  /// What has a name: a link itself and not what it leads to.
  private struct Entry {
    let identity: FileIdentity
    let version: FileVersion
    let isDirectory: Bool
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
      for index in given.indices { try takePlace(index, of: &given) }
      if configuration.durability == .full { try sync() }
    } catch {
      for (upload, given) in zip(uploads, given) { withdraw(given, from: upload.file) }
      throw error
    }
    return zip(uploads, given).map { upload, given in
      defer { upload.file.closeNamed() }
      return describe(upload, given)
    }
  }

  /// Gives one file its name.
  func publish(_ upload: SealedUpload, policy: DuplicatePolicy) throws(UploadError) -> StoredFile {
    var given = [try give(upload, policy: policy)]
    do {
      try takePlace(0, of: &given)
    } catch {
      withdraw(given[0], from: upload.file)
      throw error
    }
    return describe(upload, given[0])
  }

  /// - Throws: what the condition says of the file that has its name now.
  func check(_ condition: PublishCondition) throws(UploadError) {
    try condition.check(condition.name.flatMap { entry(at: $0.bytes)?.version })
  }

  /// A file that has got its name.
  private func describe(_ upload: SealedUpload, _ given: Given) -> StoredFile {
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

  // MARK: Taking names away

  /// Takes a name away again. One that has replaced another file by then stays: see ``publish(_:_:)``.
  private func withdraw(_ given: Given, from file: PartialFile) {
    if let staged = given.staged { remove(staged) } else { remove(given.name, from: file) }
  }

  /// Takes a file's name away, unless another file has got it meanwhile.
  func remove(_ name: NameBytes, from file: PartialFile) {
    guard let own = identity(of: file), entry(at: name)?.identity == own else { return }
    remove(name)
  }

  func remove(_ name: NameBytes) {
    _ = name.withCString { unlinkat(descriptor, $0, 0) }
  }

  // MARK: Giving names

  /// Gives a file its name, or puts it beside the file that it is to replace.
  ///
  /// Which names are the same is the file system's to say, which may not tell capitals from small letters, or one Unicode
  /// form from another: so files are compared, by device and inode, and not names.
  /// - Parameter others: what files of the same form have got: none of them replaces another.
  private func give(
    _ upload: SealedUpload,
    policy: DuplicatePolicy,
    beside others: [Given] = []
  ) throws(UploadError) -> Given {
    guard let file = identity(of: upload.file) else { throw StorageError.uploadFailed("fstat") }
    // Several requested names may have become this one; who sent one of them did not mean the file of another.
    let policy = policy == .replace && upload.name.wasAltered ? .rename : policy
    var number = 1
    while true {
      let name = upload.name.numbered(number).bytes
      // The condition is about the requested name alone.
      let condition = number == 1 ? upload.condition : nil
      var isOwn = others.contains { $0.name == name }
      if !isOwn {
        // A link is made whatever there was before: whether the file was to be there has to be asked first.
        if let condition, !isTaken(name, by: others) { try condition.check(entry(at: name)?.version) }
        if try link(upload.file, as: name) { return Given(name: name, file: file) }
      }
      let old = entry(at: name)
      if let old { isOwn = isOwn || others.contains { $0.claims(old.identity) } }
      if let condition, !isOwn { try condition.check(old?.version) }
      switch policy {
      case .replace where number == 1 && !isOwn:
        // What was there has been removed in between.
        guard let old else { continue }
        // Now, since what comes before it in the form is not replaced yet.
        guard !old.isDirectory else { throw taken(name) }
        let staged = try stage(upload.file)
        return Given(name: name, file: file, staged: staged, old: old.identity, condition: condition)
      case .error: throw taken(name)
      case .rename, .replace: number = freeNumber(for: upload.name, after: number)
      }
    }
  }

  /// Whether what has a name belongs to a file of the same form.
  private func isTaken(_ name: NameBytes, by others: [Given]) -> Bool {
    guard !others.isEmpty, let entry = entry(at: name) else { return false }
    return others.contains { $0.claims(entry.identity) }
  }

  /// The first number behind one that is taken under which nothing stands, where they were given one after the other; else
  /// one that is free. Whether it still is, is told when the name is given.
  ///
  /// Looks ahead in steps that double, then halves the last one: of 10,000 files of one name that is 27 looks.
  private func freeNumber(for name: FileName, after number: Int) -> Int {
    var (taken, free, step) = (number, number + 1, 1)
    while free < Self.highestNumber, entry(at: name.numbered(free).bytes) != nil {
      step *= 2
      (taken, free) = (free, free + step)
    }
    while free - taken > 1 {
      let middle = taken + (free - taken) / 2
      if entry(at: name.numbered(middle).bytes) != nil { taken = middle } else { free = middle }
    }
    return free
  }

  private func entry(at name: NameBytes) -> Entry? {
    var status = stat()
    guard calls.look(descriptor, name, &status) == 0 else { return nil }
    return Entry(
      identity: FileIdentity(status),
      version: FileVersion(status),
      isDirectory: status.st_mode & S_IFMT == S_IFDIR
    )
  }

  private func identity(of file: PartialFile) -> FileIdentity? {
    var status = stat()
    return fstat(file.descriptor, &status) == 0 ? FileIdentity(status) : nil
  }

  /// Gives a file its name unless that is taken.
  /// - Returns: false when it is.
  private func link(_ file: PartialFile, as name: NameBytes) throws(UploadError) -> Bool {
    if tryName(name, for: file) == 0 { return true }
    if errno == EEXIST { return false }
    throw StorageError.uploadFailed("link")
  }

  /// Gives a file a name; below 0 with `errno` set when that failed, `EEXIST` when it is taken.
  func tryName(_ name: NameBytes, for file: PartialFile) -> Int32 {
    guard let hidden = file.hiddenName else { return calls.link(file.descriptor, descriptor, name) }
    return renameWithoutOverwriting(NameBytes(hidden), in: file.place.descriptor, to: name)
  }

  /// `renameat2`, or on file systems that do not know it a link and an unlink, which overwrites no more.
  private func renameWithoutOverwriting(_ from: NameBytes, in place: Int32, to name: NameBytes) -> Int32 {
    let result = calls.renameNew(place, from, descriptor, name)
    guard result != 0, errno == EINVAL || errno == ENOSYS else { return result }
    let linked = from.withCString { from in name.withCString { linkat(place, from, descriptor, $0, 0) } }
    guard linked == 0 else { return -1 }
    // The file has its name: a second one that stays fails nothing, and is swept at the next start.
    _ = from.withCString { unlinkat(place, $0, 0) }
    return 0
  }

  // MARK: Replacing

  /// Puts a file under a hidden name, locked first so that no sweep can take it for a leftover.
  private func stage(_ file: PartialFile) throws(UploadError) -> NameBytes {
    let hidden = NameBytes(file.hiddenName ?? UploadDirectory.hiddenName())
    if file.hiddenName != nil, file.place === self { return hidden }
    guard clinux_lock(file.descriptor) == 0, tryName(hidden, for: file) == 0 else {
      throw StorageError.uploadFailed("link")
    }
    return hidden
  }

  /// Renames a staged file over the one it replaces, in one step: the old one is there until then. When the name leads to
  /// another file of the same form by now, it gets a number instead.
  private func takePlace(_ index: Int, of given: inout [Given]) throws(UploadError) {
    let file = given[index]
    guard let staged = file.staged else { return }
    let others = Set(given.map(\.file)).subtracting([file.file])
    let isReplaced = try replacing.withLock { _ throws(UploadError) in
      try replace(file.name, by: staged, sparing: others, file.condition)
    }
    if !isReplaced { try number(&given[index], staged) }
  }

  /// - Returns: false, and nothing is changed, when the name leads to a file that is to be spared.
  private func replace(
    _ name: NameBytes,
    by staged: NameBytes,
    sparing others: Set<FileIdentity>,
    _ condition: PublishCondition?
  ) throws(UploadError) -> Bool {
    // Nothing to compare with: whatever is there is replaced.
    if others.isEmpty, condition == nil { return try rename(staged, to: name) }
    while true {
      let old = entry(at: name)
      if let old, others.contains(old.identity) { return false }
      guard let condition else { return try rename(staged, to: name) }
      try condition.check(old?.version)
      guard let old else { return try rename(staged, to: name) }
      guard !old.isDirectory else { throw taken(name) }
      // Other programs do not wait for the lock: what was there is looked at again once it is out of the way.
      guard calls.exchange(descriptor, staged, name) == 0 else {
        if errno == ENOENT { continue }
        return try rename(staged, to: name)
      }
      guard let swapped = entry(at: staged), swapped.identity != old.identity || swapped.version != old.version else {
        remove(staged)
        return true
      }
      guard calls.exchange(descriptor, staged, name) == 0 else { throw StorageError.uploadFailed("rename") }
    }
  }

  private func rename(_ staged: NameBytes, to name: NameBytes) throws(UploadError) -> Bool {
    guard calls.rename(descriptor, staged, name) != 0 else { return true }
    throw errno == EISDIR ? taken(name) : StorageError.uploadFailed("rename")
  }

  /// Gives a staged file the next number that is free.
  private func number(_ given: inout Given, _ staged: NameBytes) throws(UploadError) {
    guard let name = FileName(given.name) else { throw taken(given.name) }
    var number = 1
    while true {
      number = freeNumber(for: name, after: number)
      let numbered = name.numbered(number).bytes
      if renameWithoutOverwriting(staged, in: descriptor, to: numbered) == 0 {
        (given.name, given.staged) = (numbered, nil)
        return
      }
      guard errno == EEXIST else { throw StorageError.uploadFailed("link") }
    }
  }

  private func taken(_ name: NameBytes) -> UploadError {
    UploadError(
      .nameTaken,
      "\"\(PlainText.sanitized(name.description))\" is there already. Send the file under another name."
    )
  }
}
