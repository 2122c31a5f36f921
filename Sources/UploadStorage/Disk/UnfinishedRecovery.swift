import Glibc
import UploadCore

/// Finds out what is on the disk of unfinished uploads that no request appends to: after a crash of this server or
/// another. All calls block.
struct UnfinishedRecovery: Sendable {
  let finalizer: Finalizer
  let clock: UnfinishedClock

  private var calls: FileCalls { finalizer.directory.calls }
  private var isSynced: Bool { finalizer.configuration.durability != .none }

  /// Recovers all uploads of a directory, deletes expired ones and what belongs to none.
  /// - Returns: those that can be continued, and the finished ones.
  func recover(_ folder: UnfinishedFolder) -> [UnfinishedRecord] {
    var records: [UnfinishedRecord] = []
    for (id, kinds) in folder.files() {
      if kinds.contains(.draft) { remove([.draft], locking: .draft, of: id, in: folder) }
      guard kinds.contains(.record), let entry = folder.entry(id) else {
        remove([.record, .counter], locking: kinds.contains(.data) ? .data : nil, of: id, in: folder)
        continue
      }
      if let record = recover(entry, in: folder) { records.append(record) }
    }
    return records
  }

  /// Deletes files that belong to no upload, unless another server uses them.
  private func remove(
    _ kinds: [UnfinishedFolder.Kind],
    locking locked: UnfinishedFolder.Kind?,
    of id: UnfinishedID,
    in folder: UnfinishedFolder
  ) {
    guard let locked else { return folder.remove(kinds, of: id) }
    _ = try? folder.whileLocked(locked, of: id) { _ throws(UploadError) in folder.remove(kinds + [locked], of: id) }
  }

  private func recover(_ found: UnfinishedEntry, in folder: UnfinishedFolder) -> UnfinishedRecord? {
    var entry = found
    let now = clock.now()
    if entry.correctTimes(at: now) {
      let (created, expires) = (entry.record.created, entry.record.expires)
      _ = try? folder.change(entry.record.id) { ($0.record.created, $0.record.expires) = (created, expires) }
    }
    // What is complete is published first, however old it is.
    if entry.record.state == .publishing { entry = refreshed(entry, in: folder) }
    if entry.isExpired(at: now), entry.record.state != .publishing {
      let id = entry.record.id
      let hasData = folder.dataStatus(id) != nil
      remove([.record, .counter], locking: hasData ? .data : nil, of: id, in: folder)
      return nil
    }
    switch entry.record.state {
    case .unfinished where entry.isConcatenating: return concatenated(entry.record.id, in: folder)
    case .unfinished:
      let entry = continued(entry, in: folder)
      return entry.record.state == .gone ? nil : entry.record
    case .publishing: return entry.record
    case .finished:
      folder.remove([.data, .counter], of: entry.record.id)
      return entry.record
    case .gone:
      folder.remove([.data, .counter], of: entry.record.id)
      return nil
    }
  }

  /// Deletes an upload into which others were being copied, unless another server does that now.
  /// - Returns: its record; nil when it is deleted.
  private func concatenated(_ id: UnfinishedID, in folder: UnfinishedFolder) -> UnfinishedRecord? {
    guard folder.dataStatus(id) != nil else {
      folder.remove([.record, .counter], of: id)
      return nil
    }
    _ = try? folder.whileLocked(.data, of: id) { _ throws(UploadError) in
      // The copy may have ended since the record was read.
      if folder.entry(id)?.isConcatenating == true { folder.remove([.record, .data, .counter], of: id) }
    }
    return folder.entry(id)?.record
  }

  /// The record of an upload after everything has been done that a crash has left undone.
  func refreshed(_ entry: UnfinishedEntry, in folder: UnfinishedFolder) -> UnfinishedEntry {
    switch entry.record.state {
    case .unfinished: isUpToDate(entry, in: folder) ? entry : continued(entry, in: folder)
    case .publishing: published(entry, in: folder)
    case .finished, .gone: entry
    }
  }

  // MARK: Offsets

  /// Whether the record promises everything that has been written, and the file contains it.
  private func isUpToDate(_ entry: UnfinishedEntry, in folder: UnfinishedFolder) -> Bool {
    let offset = entry.record.offset
    guard let size = folder.dataStatus(entry.record.id)?.content.size else { return offset == 0 }
    return size >= offset && written(entry, in: folder) == offset
  }

  /// Up to which offset bytes have been written: in this boot, that is known.
  private func written(_ entry: UnfinishedEntry, in folder: UnfinishedFolder) -> UInt64 {
    guard clock.isSameBoot(entry), let counter = folder.counter(entry.record.id) else { return entry.record.offset }
    return max(entry.record.offset, counter)
  }

  /// Syncs the bytes that have been written in this boot but not been promised yet, cuts off what lies behind them, and
  /// promises them. An upload whose file is shorter than its offset is gone.
  private func continued(_ entry: UnfinishedEntry, in folder: UnfinishedFolder) -> UnfinishedEntry {
    let id = entry.record.id
    guard let status = folder.dataStatus(id) else {
      // The first request creates the file.
      return entry.record.offset == 0 ? entry : folder.markGone(entry) { folder.dataStatus(id) == nil }
    }
    guard status.isFile else { return folder.markGone(entry) }
    do throws(UploadError) {
      let locked = try folder.whileLocked(.data, of: id) { file throws(UploadError) in
        // A request may have ended since the record was read.
        guard let entry = folder.entry(id), entry.record.state == .unfinished else { return folder.entry(id) ?? entry }
        return try continued(entry, file, in: folder)
      }
      // Otherwise another server appends to it, or has published it just now.
      return locked ?? folder.entry(id) ?? entry
    } catch {
      guard StorageError.isFailedSync(error) else { return entry }
      folder.markGone(id)
      var entry = entry
      entry.markGone()
      return entry
    }
  }

  private func continued(
    _ entry: UnfinishedEntry,
    _ file: Int32,
    in folder: UnfinishedFolder
  ) throws(UploadError) -> UnfinishedEntry {
    guard let size = FileStatus(descriptor: file)?.content.size else { throw StorageError.uploadFailed("fstat") }
    let offset = written(entry, in: folder)
    guard size >= offset, offset <= entry.record.length ?? .max else { return folder.markGone(entry) }
    // Also without effect on the length: it frees reserved blocks.
    guard calls.truncate(file, offset) == 0 else { throw StorageError.uploadFailed("ftruncate") }
    guard offset > entry.record.offset else { return entry }
    if isSynced, calls.sync(file) != 0 { throw StorageError.uploadFailed("fdatasync") }
    let changed = try folder.change(entry.record.id) { $0.record.offset = max($0.record.offset, offset) }
    return changed ?? entry
  }

  // MARK: Publishing

  /// Finds the name of a file that was being published, or gives it one now, without replacing another.
  private func published(_ entry: UnfinishedEntry, in folder: UnfinishedFolder) -> UnfinishedEntry {
    let id = entry.record.id
    guard let publication = entry.publication else { return entry }
    let data = folder.dataStatus(id)
    // Unless this is the old file that it has replaced.
    let isUnpublished = data?.identity.inode == publication.inode
    if !isUnpublished || (data?.linkCount ?? 0) > 1 {
      if let found = find(publication, size: entry.record.offset, in: folder.place) {
        return finished(entry, publication, found, in: folder)
      }
      if !isUnpublished {
        return folder.markGone(entry) {
          folder.dataStatus(id)?.identity.inode != publication.inode
            && find(publication, size: entry.record.offset, in: folder.place) == nil
        }
      }
    }
    let descriptor = DescriptorReserve.openFile {
      let file = folder.open(.data, of: id, O_RDWR)
      return file < 0 && errno == EACCES ? folder.open(.data, of: id, O_RDONLY) : file
    }
    guard descriptor >= 0 else { return entry }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      DescriptorReserve.closeFile(descriptor)
      return entry
    }
    // The request that was publishing it may have ended since the record was read.
    guard let latest = folder.entry(id), latest.publication == publication else {
      DescriptorReserve.closeFile(descriptor)
      return folder.entry(id) ?? entry
    }
    return publish(entry, publication, descriptor, in: folder)
  }

  private func publish(
    _ entry: UnfinishedEntry,
    _ publication: UnfinishedEntry.Publication,
    _ descriptor: Int32,
    in folder: UnfinishedFolder
  ) -> UnfinishedEntry {
    let length = entry.record.offset
    let progress = AppendProgress(start: length, isProvisional: false, counter: -1, calls: calls) {}
    let file = PartialFile(
      descriptor: descriptor,
      hiddenName: folder.dataPath(entry.record.id),
      directory: finalizer.directory,
      place: folder.place,
      progress: progress
    )
    guard FileStatus(descriptor: descriptor)?.content.size == length else {
      file.close(deleting: nil)
      return folder.markGone(entry)
    }
    // An earlier attempt that failed may have changed it.
    if let modified = publication.modified { file.setModified(modified) }
    let request = FinalizeRequest(path: publication.path, type: publication.type, onDuplicate: .rename)
    let meter = UploadMeter(
      direction: .incoming,
      mode: .resumable,
      name: publication.path.description,
      size: length,
      remote: entry.record.remote
    )
    let staged = StagedDiskFile(meter: meter, request: request, digests: publication.digests, file: file)
    // Where it fails, as for a directory that is not available, the next start is the next attempt.
    guard let stored = try? finalizer.publish([[staged]])[0].get().first else { return entry }
    return finished(entry, stored, in: folder)
  }

  /// The path and status that a published file has in the directory of its requested path; nil when it is not there.
  private func find(
    _ publication: UnfinishedEntry.Publication,
    size: UInt64,
    in place: OpenedDirectory
  ) -> (path: NameBytes, status: FileStatus)? {
    guard let folder = try? place.folders.find(publication.path.directory) else { return nil }
    let identity = FileIdentity(device: place.device, inode: publication.inode)
    for name in DirectoryNames.read(descriptor: calls.openAgain(folder.descriptor)) {
      guard !FileName.isReserved(name), let status = folder.entry(at: name), status.identity == identity,
        status.isFile, status.content.size == size
      else { continue }
      return (folder.path(of: name), status)
    }
    return nil
  }

  private func finished(
    _ entry: UnfinishedEntry,
    _ publication: UnfinishedEntry.Publication,
    _ found: (path: NameBytes, status: FileStatus),
    in folder: UnfinishedFolder
  ) -> UnfinishedEntry {
    let (size, modified) = (entry.record.offset, found.status.content.seconds)
    var stored = StoredFile(name: found.path, size: size, type: publication.type, modified: modified)
    stored.digests = publication.digests
    return finished(entry, stored, in: folder)
  }

  private func finished(
    _ entry: UnfinishedEntry,
    _ stored: StoredFile,
    in folder: UnfinishedFolder
  ) -> UnfinishedEntry {
    if let known = folder.notePublished(stored, entry.record.id), case .finished = known.record.state { return known }
    var entry = entry
    (entry.record.state, entry.publication) = (.finished(stored), nil)
    return entry
  }
}
