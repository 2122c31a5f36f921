import Glibc
import Synchronization
import UploadCore

/// Gives staged files their names in an upload directory, and makes the directories that their paths lead through;
/// blocks.
///
/// The file system decides which names are the same: it may ignore case, or the Unicode normalization form. So files
/// are compared, by device and inode, not names.
struct DirectoryPublisher {
  /// The number at which the search for a free one ends: no directory has so many files.
  private static let highestNumber = 1 << 40
  /// How many times a name may be taken but have no readable entry before the upload fails.
  private static let maxVanished = 100

  /// The name that a file has been given, or gets when it replaces another.
  private struct AssignedName {
    /// The directory that the file has the name in.
    let folder: OpenedFolder
    var name: NameBytes
    /// The file that has the name, or will have it.
    let file: FileIdentity
    /// The hidden name in the upload directory from which the file is renamed over another, still set after that; nil
    /// for a file that replaces none.
    var aside: NameBytes?
    /// The file that it is to replace; nil for none.
    var old: FileIdentity?
    /// What the file that it replaces must satisfy; nil for no condition.
    var condition: PublishCondition?

    /// Whether an entry is this file, or the one that it is to replace; false for no entry.
    func claims(_ entry: FileStatus?) -> Bool { entry.map { $0.identity == file || $0.identity == old } ?? false }
  }

  /// Looks up the directories of the files, in the upload directory.
  let lookup: FolderLookup
  /// What happens when a name is taken, unless the request says otherwise, and whether names are synced.
  let configuration: DiskStoreConfiguration

  var place: OpenedDirectory { lookup.place }

  /// Gives the files of one request their names: all of them, or none. Blocks.
  ///
  /// A file that replaces another gets a hidden name first, and is renamed when nothing else can fail the request. A
  /// replaced file cannot be restored: if a rename fails after all, files that have been renamed stay, since otherwise
  /// neither the old nor the new bytes would be left.
  /// - Returns: the files in the order given.
  /// - Throws: ``UploadError``: with code `nameTaken`, what a condition throws, or as ``StorageError/uploadFailed(_:)``
  ///   makes it. Then no file has a name except those that have replaced another, and directories that this has made
  ///   are removed unless something is in them.
  func publish(_ files: [StagedDiskFile]) throws(UploadError) -> PublishedFiles {
    // A file gets a name only on the file system that its bytes are on.
    guard files.allSatisfy({ $0.file.place.device == place.device }) else { throw StorageError.directoryMoved() }
    var assigned: [AssignedName] = []
    var made: [OpenedFolder] = []
    do {
      for file in files { assigned.append(try assign(file, beside: assigned, &made)) }
      for index in assigned.indices { try replaceOld(index, of: &assigned) }
    } catch {
      for (file, assigned) in zip(files, assigned) {
        // The file of an unfinished upload keeps its hidden name, so that another attempt is possible.
        let hidden = file.file.hiddenName.map { NameBytes($0) }
        guard let aside = assigned.aside else {
          assigned.folder.remove(assigned.name, of: file.file)
          continue
        }
        if file.file.progress == nil || aside != hidden { place.root.remove(aside) }
      }
      place.folders.remove(made)
      lookup.forget()
      throw error
    }
    let published = zip(files, assigned).map { file, assigned in
      PublishedFiles.File(
        file: file.file,
        stored: stored(file, assigned),
        name: assigned.name,
        folder: assigned.folder
      )
    }
    return PublishedFiles(files: published, made: made)
  }

  private func stored(_ staged: StagedDiskFile, _ assigned: AssignedName) -> StoredFile {
    let content = FileStatus(descriptor: staged.file.descriptor)?.content
    let (size, modified) = (content?.size ?? 0, content?.seconds ?? 0)
    var file = StoredFile(
      name: assigned.folder.path(of: assigned.name),
      size: size,
      type: staged.request.type,
      modified: modified
    )
    (file.replaced, file.digests) = (assigned.aside != nil, staged.digests)
    return file
  }

  // MARK: Assigning names

  /// Opens the directory for a file, and makes it where it is missing.
  private func folder(
    _ path: DirectoryPath,
    _ made: inout [OpenedFolder]
  ) throws(UploadError) -> OpenedFolder {
    let folder = try lookup.make(path, needsSync: configuration.durability == .full, &made)
    guard folder.identity.device == place.device else { throw StorageError.folderElsewhere(path) }
    return folder
  }

  /// Gives a file its name, or a hidden one where it is to replace another file.
  /// - Parameters:
  ///   - others: the names assigned to files of the same request, which never replace each other.
  ///   - made: gets the directories that this makes, also when it fails.
  /// - Throws: ``UploadError`` with code `nameTaken` when the policy requires it, or what the condition throws.
  private func assign(
    _ staged: StagedDiskFile,
    beside others: [AssignedName],
    _ made: inout [OpenedFolder]
  ) throws(UploadError) -> AssignedName {
    guard let file = staged.file.identity else { throw StorageError.uploadFailed("fstat") }
    let (path, requested) = (staged.request.path, staged.request.path.name)
    var policy = staged.request.onDuplicate ?? configuration.onDuplicate
    // Several requested paths may have become this one; the client did not mean to replace the file of another.
    if policy == .replace, path.wasAltered { policy = .rename }
    var folder = try folder(path.directory, &made)
    var (number, vanished) = (1, 0)
    while true {
      let name = requested.numbered(number).bytes
      // The condition is about the requested name alone.
      let condition = number == 1 ? staged.request.condition : nil
      var isOwn = others.contains { $0.name == name && $0.folder.identity == folder.identity }
      if !isOwn {
        // A link is made whatever there was before: whether the file was to exist has to be checked first.
        if let condition {
          let entry = folder.entry(at: name)
          if !others.contains(where: { $0.claims(entry) }) { try condition.check(entry?.version) }
        }
        if folder.link(staged.file, as: name) == 0 { return AssignedName(folder: folder, name: name, file: file) }
        guard errno == EEXIST else {
          let error = StorageError.namingFailed("link", in: folder)
          // The directory may have been removed since it was opened: then it is made again.
          guard error.code == .directoryUnavailable, vanished < Self.maxVanished else { throw error }
          vanished += 1
          lookup.forget()
          let again = try self.folder(path.directory, &made)
          guard again !== folder else { throw error }
          folder = again
          continue
        }
      }
      let old = folder.entry(at: name)
      isOwn = isOwn || others.contains { $0.claims(old) }
      if let condition, !isOwn { try condition.check(old?.version) }
      switch policy {
      case .replace where number == 1 && !isOwn:
        // The old file was removed in between: the loop tries the name again, but not for ever, since its status may only
        // be unreadable.
        guard let old else {
          vanished += 1
          guard vanished < Self.maxVanished else { throw StorageError.uploadFailed("fstatat") }
          continue
        }
        // Checked now, since nothing that precedes it in the request has been replaced yet.
        guard old.isReplaceable else { throw taken(name, in: folder) }
        let aside = try putAside(staged.file)
        return AssignedName(
          folder: folder,
          name: name,
          file: file,
          aside: aside,
          old: old.identity,
          condition: condition
        )
      case .error: throw taken(name, in: folder)
      case .rename, .replace: number = freeNumber(for: requested, after: number, in: folder)
      }
    }
  }

  /// The first free number after a taken one where numbers were assigned in order; otherwise any free one. It may be taken
  /// again before the name is used.
  ///
  /// Searches in steps that double, then halves the last one: 27 lookups for 10,000 files of one name.
  private func freeNumber(for name: FileName, after number: Int, in folder: OpenedFolder) -> Int {
    var (taken, free, step) = (number, number + 1, 1)
    while free < Self.highestNumber, folder.entry(at: name.numbered(free).bytes) != nil {
      step *= 2
      (taken, free) = (free, free + step)
    }
    while free - taken > 1 {
      let middle = taken + (free - taken) / 2
      if folder.entry(at: name.numbered(middle).bytes) != nil { taken = middle } else { free = middle }
    }
    return free
  }

  // MARK: Replacing

  /// Gives a file a hidden name in the upload directory, where a sweep looks for leftovers. It is locked first, so that
  /// no sweep can remove it.
  private func putAside(_ file: PartialFile) throws(UploadError) -> NameBytes {
    if let hidden = file.hiddenName, file.place === place { return NameBytes(hidden) }
    // In another directory the name of an unfinished upload's file leads nowhere.
    let own = file.progress == nil ? file.hiddenName : nil
    let hidden = NameBytes(own ?? UploadDirectory.hiddenName())
    guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0, place.root.link(file, as: hidden) == 0 else {
      throw StorageError.uploadFailed("link")
    }
    return hidden
  }

  /// Renames a file over the one it replaces, in one step: the old one is there until then. When the name belongs to
  /// another file of the same request by now, it gets a number instead.
  private func replaceOld(_ index: Int, of assigned: inout [AssignedName]) throws(UploadError) {
    let file = assigned[index]
    guard let aside = file.aside else { return }
    let others = Set(assigned.map(\.file)).subtracting([file.file])
    let isReplaced = try place.replacing.withLock { _ throws(UploadError) in try replace(file, aside, sparing: others) }
    if !isReplaced { try number(&assigned[index], aside) }
  }

  /// Renames a hidden file over the one that has its name, if the condition is satisfied then.
  /// - Parameter others: files that must not be replaced.
  /// - Returns: false, and nothing is changed, when the name belongs to one of them.
  private func replace(
    _ file: AssignedName,
    _ aside: NameBytes,
    sparing others: Set<FileIdentity>
  ) throws(UploadError) -> Bool {
    let (name, folder, condition) = (file.name, file.folder, file.condition)
    // Nothing to compare with: any file that is there is replaced.
    if others.isEmpty, condition == nil { return try rename(aside, to: file) }
    while true {
      let old = folder.entry(at: name)
      if let old, others.contains(old.identity) { return false }
      guard let condition else { return try rename(aside, to: file) }
      try condition.check(old?.version)
      guard let old else { return try rename(aside, to: file) }
      guard old.isReplaceable else { throw taken(name, in: folder) }
      // Other programs do not wait for the lock: the old file is checked again once it has the hidden name.
      guard exchange(aside, file) == 0 else {
        guard errno == ENOENT else { return try rename(aside, to: file) }
        // Without the hidden name the exchange would fail for ever.
        guard place.root.entry(at: aside) != nil else {
          throw UploadError(.storageFailed, "Another program removed the file before it had its name. Send it again.")
        }
        continue
      }
      let isOld = place.root.entry(at: aside).map { $0.identity == old.identity && $0.version == old.version } ?? true
      guard !isOld else {
        place.root.remove(aside)
        return true
      }
      guard exchange(aside, file) == 0 else { throw StorageError.namingFailed("rename", in: folder) }
    }
  }

  private func exchange(_ aside: NameBytes, _ file: AssignedName) -> Int32 {
    place.calls.exchange(place.descriptor, aside, file.folder.descriptor, file.name)
  }

  private func rename(_ aside: NameBytes, to file: AssignedName) throws(UploadError) -> Bool {
    guard place.calls.rename(place.descriptor, aside, file.folder.descriptor, file.name) != 0 else { return true }
    throw errno == EISDIR ? taken(file.name, in: file.folder) : StorageError.namingFailed("rename", in: file.folder)
  }

  /// Renames a hidden file to its name with the next free number.
  private func number(_ assigned: inout AssignedName, _ aside: NameBytes) throws(UploadError) {
    let folder = assigned.folder
    guard let name = FileName(assigned.name) else { throw taken(assigned.name, in: folder) }
    var number = 1
    while true {
      number = freeNumber(for: name, after: number, in: folder)
      let numbered = name.numbered(number).bytes
      if folder.renameWithoutOverwriting(aside, in: place.root, to: numbered) == 0 {
        (assigned.name, assigned.aside) = (numbered, nil)
        return
      }
      guard errno == EEXIST else { throw StorageError.namingFailed("link", in: folder) }
    }
  }

  private func taken(_ name: NameBytes, in folder: OpenedFolder) -> UploadError {
    StorageError.nameTaken(folder.path(of: name))
  }
}
