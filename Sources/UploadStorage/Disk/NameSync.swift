import Synchronization
import UploadCore

/// The sync of directories in which names were added, so that these survive a power failure: each directory once, and
/// with it those that lead to it and are new. Blocks.
struct NameSync {
  /// The smallest number of directories that are synced together.
  static let fewestTogether = 4

  private var folders: [OpenedFolder] = []
  private var identities: Set<FileIdentity> = []
  /// Directories of which the names become durable.
  private var created: [OpenedFolder] = []

  /// Adds a directory in which names were added, or which is new itself.
  mutating func add(_ folder: OpenedFolder) {
    insert(folder)
    addCreated(folder)
  }

  /// Adds what is necessary for a directory's own name to survive a power failure; nothing where that is known to be so.
  mutating func addCreated(_ folder: OpenedFolder) {
    var folder = folder
    while let parent = folder.parent {
      // Also one that another request has made, and not synced yet.
      if folder.needsSync.load(ordering: .acquiring) {
        created.append(folder)
        insert(folder)
        insert(parent)
      }
      folder = parent
    }
  }

  private mutating func insert(_ folder: OpenedFolder) {
    if identities.insert(folder.identity).inserted { folders.append(folder) }
  }

  /// - Parameter together: syncs many at once; nil for a sync of each.
  /// - Throws: ``UploadError`` when a sync fails: then no name is certain.
  func run(_ together: SyncTogether? = nil) throws(UploadError) {
    if folders.count < Self.fewestTogether || together?.syncs(folders.map(\.identity)) != true {
      for folder in folders where folder.calls.syncDirectory(folder.descriptor) != 0 {
        throw StorageError.uploadFailed(StorageError.directorySync)
      }
    }
    for folder in created { folder.needsSync.store(false, ordering: .releasing) }
  }
}
