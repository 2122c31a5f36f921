import CLinux
import Glibc
import UploadCore

extension UploadDirectory {
  /// From so many files on they are synced together.
  private static let fewestTogether = 4

  /// Writes what is left of files, syncs them, and gives those their names that are to have them; blocks.
  ///
  /// What one file costs, many share: the sync of the directory, and for small files in a group the sync of their bytes;
  /// so of several none may have a byte written before.
  /// Otherwise they have nothing to do with each other: one that fails leaves nothing behind and fails alone.
  /// - Returns: what became of each, in their order.
  func finish(
    _ files: [FinishingFile],
    _ configuration: DiskStore.Configuration
  ) -> [Result<FinishingFile.Finished, any Error>] {
    let isSynced = configuration.durability != .none
    // Before any of their bytes is written, and many have none before: see there.
    let together = isSynced && files.count >= Self.fewestTogether ? SyncTogether(self) : nil
    var results = files.map { file in Result { FinishingFile.Finished(upload: try file.write()) } }
    if isSynced { sync(&results, together) }
    if files.contains(where: \.isPublished) { name(files, &results, configuration) }
    for (file, result) in zip(files, results) {
      guard case .success(let finished) = result else { continue }
      if file.isLarge { finished.upload.file.forgetPages() }
      if finished.stored != nil { finished.upload.file.closeNamed() }
    }
    return results
  }

  // MARK: Bytes

  private func sync(_ results: inout [Result<FinishingFile.Finished, any Error>], _ together: SyncTogether?) {
    let written = results.compactMap { try? $0.get().upload.file }
    if let together, together.syncs(written) { return }
    // All on their way first, so that the first sync takes most of the others' bytes along.
    if written.count > 1 { for file in written { file.startWriteback() } }
    for index in results.indices {
      results[index] = results[index].flatMap { finished in
        Result {
          try finished.upload.file.sync()
          return finished
        }
      }
    }
  }

  // MARK: Names

  /// Gives files that are to be published their names, and syncs these where the durability asks for it.
  private func name(
    _ files: [FinishingFile],
    _ results: inout [Result<FinishingFile.Finished, any Error>],
    _ configuration: DiskStore.Configuration
  ) {
    let place = Result { () throws(UploadError) in try current() }
    for index in results.indices where files[index].isPublished {
      results[index] = results[index].flatMap { finished in
        Result {
          let upload = finished.upload
          let directory = try place.get()
          try Self.require(upload, on: directory)
          let policy = files[index].onDuplicate ?? configuration.onDuplicate
          return FinishingFile.Finished(upload: upload, stored: try directory.publish(upload, policy: policy))
        }
      }
    }
    if configuration.durability == .full, case .success(let place) = place { syncNames(&results, in: place) }
  }

  /// Gives files their names: all, or none.
  /// - Throws: ``UploadError``; then the files are discarded.
  func publish(
    _ uploads: [SealedUpload],
    _ configuration: DiskStore.Configuration
  ) throws(UploadError) -> [StoredFile] {
    do {
      let place = try current()
      for upload in uploads { try Self.require(upload, on: place) }
      return try place.publish(uploads, configuration)
    } catch {
      for upload in uploads { upload.discard() }
      throw error
    }
  }

  /// A file gets a name only on the file system that its bytes are on.
  private static func require(_ upload: SealedUpload, on place: OpenedDirectory) throws(UploadError) {
    if upload.file.place.device != place.device { throw StorageError.directoryMoved() }
  }

  /// Syncs the directory once for all; when that fails no name is certain, and none stays but those that have replaced
  /// other files: their bytes are whole and synced, and the old ones are gone.
  private func syncNames(_ results: inout [Result<FinishingFile.Finished, any Error>], in place: OpenedDirectory) {
    let named = results.indices.filter { (try? results[$0].get())?.stored != nil }
    guard !named.isEmpty else { return }
    do throws(UploadError) {
      try place.sync()
    } catch {
      for index in named {
        if case .success(let finished) = results[index], let stored = finished.stored, !stored.replaced {
          place.remove(stored.nameBytes, from: finished.upload.file)
        }
        results[index] = .failure(error)
      }
    }
  }
}
