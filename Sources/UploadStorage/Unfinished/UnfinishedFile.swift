import Glibc
import UploadCore

/// The file of an unfinished upload, open and locked while one request appends to it. Calls block; workers make them.
struct UnfinishedFile: Sendable {
  let id: UnfinishedID
  let folder: UnfinishedFolder
  let file: PartialFile
  let progress: AppendProgress
  let bootID: String
  /// The bytes of the block in which the upload's offset lies, up to that: written again, so that writes begin at a
  /// whole block. Fewer than ``WritePlan/alignment``.
  let prefix: [UInt8]

  /// How long to wait for a lock that another reader of the file has taken for an instant.
  private static let lockAttempts = 50

  /// Opens the file, and cuts off what lies behind the upload's offset.
  /// - Parameters:
  ///   - clock: states this boot.
  ///   - onEnd: called once, on any thread, when another request may open the file; also after a failure.
  /// - Throws: ``UploadError``, with code `uploadGone` when the file does not contain the bytes before the offset, or
  ///   `tooManyUploads` when another server appends to it.
  static func open(
    _ record: UnfinishedRecord,
    isProvisional: Bool,
    in folder: UnfinishedFolder,
    of directory: UploadDirectory,
    clock: UnfinishedClock,
    onEnd: @escaping @Sendable () -> Void
  ) throws(UploadError) -> UnfinishedFile {
    let id = record.id
    let descriptors: (data: Int32, counter: Int32)
    do throws(UploadError) {
      descriptors = try openFiles(record, in: folder)
    } catch {
      onEnd()
      throw error
    }
    let progress = AppendProgress(
      start: record.offset,
      isProvisional: isProvisional,
      counter: descriptors.counter,
      calls: directory.calls,
      onEnd: onEnd
    )
    let file = PartialFile(
      descriptor: descriptors.data,
      hiddenName: folder.dataPath(id),
      directory: directory,
      place: folder.place,
      progress: progress
    )
    do throws(UploadError) {
      let prefix = try prepare(file, record, in: folder, progress, clock)
      return UnfinishedFile(
        id: id,
        folder: folder,
        file: file,
        progress: progress,
        bootID: clock.bootID,
        prefix: prefix
      )
    } catch {
      // Not truncated: the offset may not be that of the upload.
      file.close(deleting: nil)
      throw error
    }
  }

  /// Opens the file with the bytes, which the first request creates, and the counter file. May wait for a second.
  private static func openFiles(
    _ record: UnfinishedRecord,
    in folder: UnfinishedFolder
  ) throws(UploadError) -> (data: Int32, counter: Int32) {
    // Checked again once the file is locked. Until then no file is created for an unknown ID.
    guard let entry = folder.entry(record.id) else { throw gone }
    guard entry.record.state == .unfinished else { throw unavailable(entry) }
    let creating = record.offset == 0 ? O_CREAT : 0
    let data = DescriptorReserve.openFile { folder.open(.data, of: record.id, O_RDWR | creating) }
    guard data >= 0 else {
      guard errno == ENOENT, creating == 0 else { throw StorageError.uploadFailed("open") }
      throw unavailable(folder.markGone(entry) { folder.dataStatus(record.id) == nil })
    }
    do throws(UploadError) {
      try lock(data)
      let counter = DescriptorReserve.openFile { folder.open(.counter, of: record.id, O_RDWR | O_CREAT) }
      guard counter >= 0 else { throw StorageError.uploadFailed("open") }
      return (data, counter)
    } catch {
      DescriptorReserve.closeFile(data)
      throw error
    }
  }

  private static func lock(_ file: Int32) throws(UploadError) {
    for attempt in 1...lockAttempts {
      if flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK { return }
      if attempt < lockAttempts { usleep(20_000) }
    }
    throw isReceivedElsewhere
  }

  private static func prepare(
    _ file: PartialFile,
    _ record: UnfinishedRecord,
    in folder: UnfinishedFolder,
    _ progress: AppendProgress,
    _ clock: UnfinishedClock
  ) throws(UploadError) -> [UInt8] {
    let offset = record.offset
    guard let status = FileStatus(descriptor: file.descriptor) else { throw StorageError.uploadFailed("fstat") }
    guard let entry = folder.entry(record.id) else { throw gone }
    guard entry.record.state == .unfinished else { throw unavailable(entry) }
    guard entry.record.offset <= offset else { throw isLongerElsewhere }
    guard status.content.size >= offset else {
      folder.markGone(record.id)
      throw gone
    }
    try file.truncate(to: offset)
    let prefix = try file.read(WritePlan.alignedStart(of: offset)..<offset)
    // The counter first: with this boot in the record it is believed.
    progress.resetCounter()
    try folder.change(record.id) { entry in
      if entry.record.state == .unfinished { entry.bootID = clock.bootID }
    }
    return prefix
  }

  static let gone = UploadError(
    .uploadGone,
    "The upload does not exist any more, or not all of its bytes. Send the file again from its start."
  )

  private static let isReceivedElsewhere = UploadError(
    .tooManyUploads,
    "Another server is receiving this upload. Try again later."
  )
  private static let isLongerElsewhere = UploadError(
    .offsetMismatch,
    "Another server has received more of this upload. Ask for its offset again."
  )

  /// Why nothing can be appended to an upload that has changed since the request read its record.
  private static func unavailable(_ entry: UnfinishedEntry) -> UploadError {
    switch entry.record.state {
    case .unfinished, .publishing: isReceivedElsewhere
    case .finished: isLongerElsewhere
    case .gone: gone
    }
  }

  // MARK: Offsets

  /// Makes the bytes durable that have been written so far, as far as the durability requires, and records their
  /// offset.
  /// - Returns: the offset in bytes.
  /// - Throws: ``UploadError``. When it was the sync that failed the upload is gone.
  func checkpoint() throws(UploadError) -> UInt64 {
    let offset = progress.kept
    do throws(UploadError) {
      if folder.durability != .none { try file.sync() }
    } catch {
      folder.markGone(id)
      throw error
    }
    let entry = try folder.change(id) { entry in
      guard entry.record.state == .unfinished else { return }
      entry.record.offset = max(entry.record.offset, offset)
      entry.bootID = bootID
    }
    guard entry?.record.state == .unfinished else { throw Self.gone }
    return offset
  }

  /// Writes the bytes that are left, records the offset as ``checkpoint()`` does, and closes the file.
  /// - Returns: the offset in bytes.
  /// - Throws: ``UploadError``; the file is not closed then.
  func suspend(_ tail: WritePlan.Tail, _ bytes: UnsafeRawBufferPointer) throws(UploadError) -> UInt64 {
    if tail.extent.count > 0 { try file.write(tail.extent, bytes) }
    try file.truncate(to: tail.extent.end)
    progress.commit()
    let offset = try checkpoint()
    file.dropPages()
    file.close(deleting: nil)
    return offset
  }

  // MARK: Publishing

  /// Records that the file is complete and synced, and is about to get its name.
  func beginPublishing(_ request: FinalizeRequest, _ digests: ContentDigests, length: UInt64) throws(UploadError) {
    guard let inode = file.identity?.inode else { throw StorageError.uploadFailed("fstat") }
    let entry = try folder.change(id) { entry in
      guard entry.record.state == .unfinished else { return }
      (entry.record.state, entry.record.offset, entry.record.length) = (.publishing, length, length)
      entry.bootID = bootID
      entry.publication = UnfinishedEntry.Publication(
        inode: inode,
        path: request.path,
        modified: request.modified,
        type: request.type,
        digests: digests
      )
    }
    guard entry?.record.state == .publishing else { throw Self.gone }
  }

  /// Records that the file is published. A failure is ignored: the next start finds the file under its name.
  func notePublished(_ stored: StoredFile) { folder.notePublished(stored, id) }

  /// Records why the file could not be published: after a failed sync the upload is gone, otherwise another request
  /// may finish it.
  func notePublishingFailed(_ error: any Error) {
    guard !StorageError.isFailedSync(error) else { return folder.markGone(id) }
    let entry = try? folder.change(id) { entry in
      guard entry.record.state == .publishing else { return }
      (entry.record.state, entry.publication) = (.unfinished, nil)
    }
    if entry != nil { folder.restoreMode(id) }
  }
}
