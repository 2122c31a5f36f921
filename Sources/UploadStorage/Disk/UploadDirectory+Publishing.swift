import CLinux
import Glibc
import UploadCore

extension UploadDirectory {
  /// A name that a file has been given, or will have once it is renamed from where it stands.
  struct Given {
    var name: String
    /// Where it stands beside the file that it is to replace.
    var staged: String?
  }

  /// Gives files their names, then syncs the directory where the durability asks for it: all, or none.
  ///
  /// What replaces another file is put beside it first and renamed when nothing else is left to fail; a replaced file
  /// cannot be brought back, so only a failed rename among several can leave a form half replaced.
  func publish(
    _ uploads: [SealedUpload],
    _ configuration: DiskStore.Configuration
  ) throws(UploadError) -> [StoredFile] {
    var given: [Given] = []
    do {
      for upload in uploads { given.append(try give(upload, policy: configuration.onDuplicate)) }
      for file in given { try takePlace(file) }
      if configuration.durability == .full { try sync() }
    } catch {
      for file in given { withdraw(file) }
      for upload in uploads { upload.discard() }
      throw error
    }
    return zip(uploads, given).map { upload, given in
      defer { upload.file.closeNamed() }
      return describe(upload, given)
    }
  }

  /// A file that has got its name.
  func describe(_ upload: SealedUpload, _ given: Given) -> StoredFile {
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

  /// Takes a name away again.
  func withdraw(_ given: Given) {
    remove(given.staged ?? given.name)
  }

  func remove(_ name: String) {
    unlinkat(descriptor, name, 0)
  }

  /// Gives a file its name, or puts it beside the file that it is to replace.
  func give(_ upload: SealedUpload, policy: DuplicatePolicy) throws(UploadError) -> Given {
    var number = 1
    while true {
      let name = upload.name.numbered(number).description
      if try link(upload.file, as: name) { return Given(name: name) }
      switch policy {
      case .rename: number += 1
      case .error: throw taken(name)
      case .replace: return Given(name: name, staged: try stage(upload.file))
      }
    }
  }

  /// Gives a file its name unless that is taken.
  /// - Returns: false when it is.
  private func link(_ file: PartialFile, as name: String) throws(UploadError) -> Bool {
    let result: Int32
    if let hidden = file.hiddenName {
      result = renameWithoutOverwriting(hidden, to: name)
    } else {
      result = calls.link(file.descriptor, descriptor, name)
    }
    if result == 0 { return true }
    if errno == EEXIST { return false }
    throw StorageError.uploadFailed("link", in: path)
  }

  /// `renameat2`, or on file systems that do not know it a link and an unlink, which overwrites no more.
  private func renameWithoutOverwriting(_ from: String, to name: String) -> Int32 {
    let result = calls.renameNew(descriptor, from, name)
    guard result != 0, errno == EINVAL || errno == ENOSYS else { return result }
    guard linkat(descriptor, from, descriptor, name, 0) == 0 else { return -1 }
    // The file has its name: a second one that stays fails nothing, and is swept at the next start.
    unlinkat(descriptor, from, 0)
    return 0
  }

  /// Puts a file under a hidden name, locked first so that no sweep can take it for a leftover.
  private func stage(_ file: PartialFile) throws(UploadError) -> String {
    if let hidden = file.hiddenName { return hidden }
    let hidden = Self.hiddenName()
    guard clinux_lock(file.descriptor) == 0, calls.link(file.descriptor, descriptor, hidden) == 0 else {
      throw StorageError.uploadFailed("link", in: path)
    }
    return hidden
  }

  /// Renames a staged file over the one it replaces, in one step: the old one is there until then.
  func takePlace(_ file: Given) throws(UploadError) {
    guard let staged = file.staged, calls.rename(descriptor, staged, file.name) != 0 else { return }
    throw errno == EISDIR ? taken(file.name) : StorageError.uploadFailed("rename", in: path)
  }

  private func taken(_ name: String) -> UploadError {
    UploadError(.nameTaken, "\"\(PlainText.sanitized(name))\" is there already. Send the file under another name.")
  }
}
