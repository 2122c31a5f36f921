import Synchronization
import UploadCore

/// The hidden directory of an upload directory, opened when it is needed, and again when another one has replaced it.
final class UnfinishedFolders: Sendable {
  let directory: UploadDirectory
  let durability: Durability
  private let opened = Mutex<UnfinishedFolder?>(nil)

  init(directory: UploadDirectory, durability: Durability) {
    self.directory = directory
    self.durability = durability
  }

  /// The hidden directory in the upload directory that the path leads to now; nil when there is none. Blocks.
  /// - Throws: ``UploadError`` with code `directoryUnavailable` when nothing can be stored now.
  func current() throws(UploadError) -> UnfinishedFolder? { try current(creating: false) }

  /// The same, created if it is missing. Blocks.
  /// - Throws: ``UploadError`` when it cannot be created.
  func created() throws(UploadError) -> UnfinishedFolder {
    guard let folder = try current(creating: true) else { throw StorageError.uploadFailed("open") }
    return folder
  }

  private func current(creating: Bool) throws(UploadError) -> UnfinishedFolder? {
    let place = try directory.current()
    if let folder = opened.withLock({ $0 }), folder.place === place, folder.isCurrent { return folder }
    let folder = try UnfinishedFolder(in: place, durability: durability, creating: creating)
    opened.withLock { $0 = folder }
    return folder
  }
}
