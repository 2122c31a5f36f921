import CLinux
import Glibc
import UploadCore

extension UploadDirectory {
  /// From so many files on they are synced together.
  private static let fewestTogether = 4

  /// Writes what is left of files, syncs them, and gives those their names that are to have them; blocks.
  ///
  /// What one file costs, many share: the sync of the directory, and for small files in a group the sync of their bytes.
  /// Otherwise they have nothing to do with each other: one that fails leaves nothing behind and fails alone.
  /// - Returns: what became of each, in their order.
  func finish(
    _ files: [FinishingFile],
    _ configuration: DiskStore.Configuration
  ) -> [Result<FinishingFile.Finished, any Error>] {
    var results = files.map { file in Result { FinishingFile.Finished(upload: try file.write()) } }
    if configuration.durability != .none { sync(&results) }
    for index in results.indices where files[index].isPublished {
      results[index] = results[index].flatMap { finished in
        Result { try name(finished.upload, files[index].onDuplicate ?? configuration.onDuplicate) }
      }
    }
    if configuration.durability == .full { syncNames(&results) }
    for (file, result) in zip(files, results) {
      guard case .success(let finished) = result else { continue }
      if file.isLarge { finished.upload.file.forgetPages() }
      if finished.stored != nil { finished.upload.file.closeNamed() }
    }
    return results
  }

  // MARK: Bytes

  private func sync(_ results: inout [Result<FinishingFile.Finished, any Error>]) {
    if results.count >= Self.fewestTogether, syncTogether() { return }
    // All on their way first, so that the first sync takes most of the others' bytes along.
    if results.count > 1 { for case .success(let finished) in results { finished.upload.file.startWriteback() } }
    for index in results.indices {
      results[index] = results[index].flatMap { finished in
        Result {
          try finished.upload.file.sync()
          return finished
        }
      }
    }
  }

  /// Syncs the whole file system, which is as good as a sync of every file on it (syncfs(2)) and costs as much as one,
  /// unless others have left much to be written there.
  ///
  /// Measured on ext4 with 4 KiB files, 32 at a time: 1.4 to 2.4 times as many files a second as with a sync each, at half
  /// the processor time.
  /// - Returns: false when that did not go well; then each file's own sync tells what became of it.
  private func syncTogether() -> Bool {
    calls.hasLittleToWrite() && calls.syncFileSystem(descriptor) == 0
  }

  // MARK: Names

  private func name(
    _ upload: SealedUpload,
    _ policy: DuplicatePolicy
  ) throws(UploadError) -> FinishingFile.Finished {
    let given = try give(upload, policy: policy)
    do {
      try takePlace(given)
    } catch {
      withdraw(given)
      throw error
    }
    return FinishingFile.Finished(upload: upload, stored: describe(upload, given))
  }

  /// Syncs the directory once for all; when that fails no name is certain, and none stays.
  private func syncNames(_ results: inout [Result<FinishingFile.Finished, any Error>]) {
    let named = results.indices.filter { (try? results[$0].get())?.stored != nil }
    guard !named.isEmpty else { return }
    do throws(UploadError) {
      try sync()
    } catch {
      for index in named {
        if case .success(let finished) = results[index], let stored = finished.stored { remove(stored.name) }
        results[index] = .failure(error)
      }
    }
  }
}
