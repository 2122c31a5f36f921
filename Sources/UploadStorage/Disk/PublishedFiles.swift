import UploadCore

/// The files of one request under their names.
struct PublishedFiles {
  struct File {
    let file: PartialFile
    let stored: StoredFile
    /// The name in ``folder``.
    let name: NameBytes
    let folder: OpenedFolder
  }

  /// In the order of the request.
  let files: [File]
  /// The directories that were made for them.
  let made: [OpenedFolder]
}

extension DirectoryPublisher {
  /// Syncs every directory that has changed once for all, so that names survive a power failure. When that fails no name
  /// is certain: all are removed again except those that have replaced other files, whose bytes are complete and synced
  /// while the old ones are gone, and every success in `results` becomes a failure.
  /// - Parameters:
  ///   - results: of publishing each request.
  ///   - together: syncs many directories at once; nil for a sync of each.
  func syncNames(_ results: inout [Result<PublishedFiles, UploadError>], _ together: SyncTogether?) {
    var sync = NameSync()
    let requests = results.compactMap { try? $0.get() }
    for file in requests.flatMap(\.files) { sync.add(file.folder) }
    do throws(UploadError) {
      try sync.run(together)
    } catch {
      for file in requests.flatMap(\.files) where !file.stored.replaced { file.folder.remove(file.name, of: file.file) }
      place.folders.remove(requests.flatMap(\.made))
      results = results.map { $0.flatMap { _ in .failure(error) } }
    }
  }
}
