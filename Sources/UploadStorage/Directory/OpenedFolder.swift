import Glibc
import Synchronization
import UploadCore

/// An open directory that files get their names in: the upload directory, or one beneath it. Calls on its names block.
///
/// It is reached by its descriptor alone, so a symbolic link that is planted later leads nothing out of the upload
/// directory. ``OpenedFolders`` opens those beneath it, and checks that they are still where their paths lead.
final class OpenedFolder: Sendable {
  /// Valid as long as this object; negative where the directory could not be opened.
  let descriptor: Int32
  /// Device and inode.
  let identity: FileIdentity
  /// Where it is beneath the upload directory.
  let path: DirectoryPath
  /// ``path`` with a slash behind it; empty for the upload directory itself.
  private let pathPrefix: [UInt8]
  /// The directory that it is in; nil for the upload directory itself.
  let parent: OpenedFolder?
  let calls: FileCalls
  /// Whether this process has created it, and its name in ``parent`` may not be on the disk yet, although files in it
  /// are to survive a power failure.
  let needsSync: Atomic<Bool>

  /// The upload directory itself.
  /// - Parameter descriptor: owned; negative when it could not be opened.
  init(root descriptor: Int32, identity: FileIdentity, calls: FileCalls) {
    (self.descriptor, self.identity, self.calls) = (descriptor, identity, calls)
    (path, pathPrefix, parent) = (.root, [], nil)
    needsSync = Atomic(false)
  }

  /// A directory in another.
  /// - Parameter descriptor: of `DescriptorReserve.openFile`; owned, also when this is nil because its status cannot be
  ///   read.
  init?(_ descriptor: Int32, path: DirectoryPath, in parent: OpenedFolder) {
    guard let status = FileStatus(descriptor: descriptor) else {
      DescriptorReserve.closeFile(descriptor)
      return nil
    }
    (self.descriptor, identity, self.path, self.parent) = (descriptor, status.identity, path, parent)
    pathPrefix = path.bytes.bytes + [UInt8(ascii: "/")]
    calls = parent.calls
    needsSync = Atomic(false)
  }

  deinit {
    if parent != nil {
      DescriptorReserve.closeFile(descriptor)
    } else if descriptor >= 0 {
      close(descriptor)
    }
  }

  /// The path of a file in it.
  func path(of name: NameBytes) -> NameBytes { pathPrefix.isEmpty ? name : NameBytes(pathPrefix + name.bytes) }

  // MARK: Names

  /// The status of the file that has a name now: of a link itself, not of its target. Nil when there is none, or its
  /// status cannot be read.
  func entry(at name: NameBytes) -> FileStatus? {
    var status = stat()
    return calls.entryStatus(descriptor, name, &status) == 0 ? FileStatus(status) : nil
  }

  /// Gives a file a name here that no other file has: links an unnamed file, renames a hidden one.
  /// - Returns: 0, or a negative number with `errno` set: `EEXIST` when the name is taken.
  func link(_ file: PartialFile, as name: NameBytes) -> Int32 {
    guard let hidden = file.hiddenName else { return calls.link(file.descriptor, descriptor, name) }
    return renameWithoutOverwriting(NameBytes(hidden), in: file.place.root, to: name)
  }

  /// Renames a file of another directory into this one unless the new name is taken: `renameat2`, or where the file
  /// system does not support that a link and an unlink, which do not overwrite either.
  /// - Returns: 0, or a negative number with `errno` set: `EEXIST` when the name is taken.
  func renameWithoutOverwriting(_ from: NameBytes, in folder: OpenedFolder, to name: NameBytes) -> Int32 {
    let result = calls.renameNew(folder.descriptor, from, descriptor, name)
    guard result != 0, errno == EINVAL || errno == ENOSYS else { return result }
    guard linkat(folder.descriptor, from.cString, descriptor, name.cString, 0) == 0 else { return -1 }
    // The file has its name: a hidden one that is left over is no failure, and is swept at the next start.
    folder.remove(from)
    return 0
  }

  /// Removes a name. Ignores failures.
  func remove(_ name: NameBytes) {
    unlinkat(descriptor, name.cString, 0)
  }

  /// Removes a file's name, unless another file has it by now. Ignores failures.
  func remove(_ name: NameBytes, of file: PartialFile) {
    guard let own = file.identity, entry(at: name)?.identity == own else { return }
    remove(name)
  }

  /// Whether a name, or one that the file system does not distinguish from it, is that of the directory with the
  /// unfinished uploads. Only for the upload directory itself.
  func isUnfinishedDirectory(_ name: NameBytes) -> Bool {
    if FileName.isReserved(name) { return true }
    // A file system that ignores case may take other characters for those of the name: U+017F for an `s`.
    guard name.bytes.contains(where: { $0 >= 0x80 }) else { return false }
    guard let own = entry(at: NameBytes(FileName.unfinishedDirectory)) else { return false }
    return entry(at: name)?.identity == own.identity
  }
}
