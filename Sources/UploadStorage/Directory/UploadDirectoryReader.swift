import CLinux
import Glibc
import UploadCore

/// Reads the files of an upload directory. Its calls block.
struct UploadDirectoryReader: Sendable {
  private let directory: UploadDirectory
  /// Threads that opened files are read on.
  private let readers: WorkerPool

  init(_ directory: UploadDirectory, readers: WorkerPool) {
    self.directory = directory
    self.readers = readers
  }

  /// Checks that the directory can be used now; see ``UploadDirectory/check()``.
  /// - Throws: ``UploadError`` with code `directoryUnavailable`.
  func check() throws(UploadError) {
    try directory.check()
  }

  // MARK: One file

  /// Opens one regular file of the directory.
  /// - Returns: nil when there is none of that name, or it is a link, a directory or anything but a file.
  func open(_ name: NameBytes) -> OpenDiskFile? {
    guard let descriptor = descriptor(of: name) else { return nil }
    guard let file = opened(name: name, descriptor: descriptor) else {
      close(descriptor)
      return nil
    }
    return file
  }

  private func descriptor(of name: NameBytes) -> Int32? {
    let isOneComponent = !name.isEmpty && !name.bytes.contains(UInt8(ascii: "/"))
    guard isOneComponent, !name.bytes.contains(0), !FileName.isPartial(name) else { return nil }
    let descriptor = name.withCString { clinux_open_beneath(directory.descriptor, $0) }
    return descriptor >= 0 ? descriptor : nil
  }

  private func opened(name: NameBytes, descriptor: Int32) -> OpenDiskFile? {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let attributes = FileAttributes(descriptor: descriptor)
    let file = StoredFile(
      name: name,
      size: UInt64(max(0, status.st_size)),
      type: attributes.type,
      modified: clinux_modified_seconds(&status),
      digests: ContentDigests(sha256: attributes.sha256(of: ContentVersion(&status)))
    )
    let region = LocalFileRegion(owned: descriptor, length: file.size, readers: readers)
    return OpenDiskFile(file: file, version: FileVersion(status), region: region)
  }

  // MARK: All files

  /// The directory's state now.
  var stamp: DirectoryStamp { DirectoryStamp(descriptor: directory.descriptor) }

  /// How much memory ``snapshot(_:reservation:)`` needs.
  func snapshotSize() -> DirectorySnapshot.Size {
    var (files, nameBytes) = (0, 0)
    directory.visitNames {
      files += 1
      nameBytes += strlen($0)
    }
    return DirectorySnapshot.Size(files: files, nameBytes: nameBytes)
  }

  /// Reads the names of the regular files, unfinished ones left out.
  /// - Parameters:
  ///   - size: of ``snapshotSize()``; files that were added since and do not fit are left out.
  ///   - reservation: of as many bytes as `size` says, for as long as the snapshot is referenced.
  /// - Throws: ``UploadError`` with code `storageFailed` when the system has no memory left.
  func snapshot(
    _ size: DirectorySnapshot.Size,
    reservation: MemoryReservation
  ) throws(UploadError) -> DirectorySnapshot {
    try DirectorySnapshot(size: size, reservation: reservation, stamp: stamp, visit: visitFiles)
  }

  /// - Parameter body: gets each name, and the time of the last change in seconds since 1970.
  private func visitFiles(_ body: (UnsafePointer<CChar>, Int64) -> Void) {
    directory.visitNames { name in
      var status = stat()
      guard fstatat(directory.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
        status.st_mode & S_IFMT == S_IFREG, !FileName.isPartial(NameBytes(cString: name))
      else { return }
      body(name, clinux_modified_seconds(&status))
    }
  }
}

/// A file of an upload directory, opened for reading.
struct OpenDiskFile: OpenFile {
  let file: StoredFile
  let version: FileVersion
  /// The whole file.
  let region: LocalFileRegion

  func content(in range: Range<UInt64>) -> FileContent {
    .region(region.part(range))
  }
}
