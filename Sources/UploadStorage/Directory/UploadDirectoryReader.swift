import CLinux
import Glibc
import UploadCore

/// Reads the files of an upload directory and of those beneath it. All calls block; run them on ``readers``.
struct UploadDirectoryReader: Sendable {
  let directory: UploadDirectory
  /// Threads that may block, for these calls and for reading opened files.
  let readers: WorkerPool

  /// Opens one finished regular file by its exact path beneath the directory.
  /// - Returns: nil when there is none, or it cannot be opened; also for a directory, a link, a path that leads over one
  ///   or out of the directory, and an unfinished file.
  func open(_ path: NameBytes) -> OpenDiskFile? {
    guard !path.isEmpty, let descriptor = openBeneath(path) else { return nil }
    guard let status = FileStatus(descriptor: descriptor), status.isFile else {
      close(descriptor)
      return nil
    }
    let (attributes, content) = (FileAttributes(descriptor: descriptor), status.content)
    var file = StoredFile(name: path, size: content.size, type: attributes.type, modified: content.seconds)
    file.digests.sha256 = attributes.sha256(of: content)
    let region = LocalFileRegion(owned: descriptor, length: file.size, readers: readers)
    return OpenDiskFile(file: file, version: status.version, region: region)
  }

  /// Opens a directory for reading its names.
  /// - Parameter path: its exact path beneath the upload directory; empty for that itself.
  /// - Returns: a descriptor, which the caller closes; nil where ``open(_:)`` would return nil for a file, and for
  ///   anything but a directory.
  func openDirectory(_ path: NameBytes) -> Int32? {
    let descriptor = path.isEmpty ? directory.calls.openAgain(directory.descriptor) : openBeneath(path) ?? -1
    guard descriptor >= 0 else { return nil }
    if FileStatus(descriptor: descriptor)?.isDirectory == true { return descriptor }
    close(descriptor)
    return nil
  }

  /// - Returns: nil also for a path with an empty component, `.`, `..` or a name of the store's own.
  private func openBeneath(_ path: NameBytes) -> Int32? {
    let components = path.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let isSafe = components.allSatisfy { component in
      !component.isEmpty && !component.contains(0) && !component.elementsEqual(".".utf8)
        && !component.elementsEqual("..".utf8) && !FileName.isReserved(NameBytes(component))
    }
    guard isSafe, let first = components.first else { return nil }
    guard !directory.root.isUnfinishedDirectory(NameBytes(first)) else { return nil }
    let descriptor = clinux_open_beneath(directory.descriptor, path.cString)
    return descriptor >= 0 ? descriptor : nil
  }
}

/// A file of an upload directory, opened for reading.
struct OpenDiskFile: OpenFile {
  let file: StoredFile
  let version: FileVersion
  /// The whole file.
  let region: LocalFileRegion

  func content(in range: Range<UInt64>) -> FileContent { .region(region.part(range)) }
}

/// Media type and digest of a stored file, noted in its extended attributes where the file system supports them.
struct FileAttributes {
  static let typeName = "user.mime_type"
  static let digestName = "user.sluice.sha256"

  /// Of the open file; not closed by this.
  let descriptor: Int32

  /// The media type noted with the file. Nil when there is none, and for a text over 256 bytes, without `/`, or with
  /// spaces or anything but printable ASCII: any program may write attributes.
  var type: String? {
    guard let text = read(Self.typeName) else { return nil }
    return text.contains("/") && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? text : nil
  }

  /// The SHA-256 noted with the file, 32 bytes; nil when there is none, or it was computed of another content.
  /// - Parameter content: that of the file now.
  func sha256(of content: ContentVersion) -> [UInt8]? {
    read(Self.digestName).flatMap { Self.sha256(in: $0, of: content) }
  }

  /// Notes media type and SHA-256, each unless it is nil. All of the content must have been written: the digest is
  /// noted with the size and modification time that the file has now. Failures are ignored: the attributes are only a
  /// convenience.
  func note(type: String?, sha256: [UInt8]?) {
    if let type { write(type, as: Self.typeName) }
    guard let sha256, let content = FileStatus(descriptor: descriptor)?.content else { return }
    write(Self.note(of: sha256, content), as: Self.digestName)
  }

  /// The text by which a SHA-256 is noted: in hexadecimal, then size, seconds and nanoseconds of the content that it
  /// was computed for, separated by spaces, since any program may change the file afterwards.
  static func note(of sha256: [UInt8], _ content: ContentVersion) -> String {
    "\(Hexadecimal.text(sha256)) \(content.size) \(content.seconds) \(content.nanoseconds)"
  }

  /// The SHA-256 in a note, 32 bytes; nil for a note of another content and for any other text, such as the digest
  /// alone that earlier versions of this program noted.
  static func sha256(in note: String, of content: ContentVersion) -> [UInt8]? {
    guard let sha256 = ContentDigests(sha256Text: String(note.prefix(64)))?.sha256 else { return nil }
    return note == Self.note(of: sha256, content) ? sha256 : nil
  }

  private func read(_ name: String) -> String? {
    withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      let length = clinux_get_attribute(descriptor, name, buffer.baseAddress, buffer.count)
      return length > 0 ? String(validating: buffer[..<length], as: UTF8.self) : nil
    }
  }

  private func write(_ text: String, as name: String) {
    var text = text
    text.withUTF8 { _ = clinux_set_attribute(descriptor, name, $0.baseAddress, $0.count) }
  }
}
