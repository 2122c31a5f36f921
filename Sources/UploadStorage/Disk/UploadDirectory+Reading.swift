import CLinux
import Glibc
package import UploadCore

extension UploadDirectory {
  /// Opens one regular file of the directory.
  /// - Returns: nil when there is none of that name, or it is a link, a directory or anything but a file.
  package func open(_ name: NameBytes) -> OpenFile? {
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
    let descriptor = name.withCString { clinux_open_beneath(self.descriptor, $0) }
    return descriptor >= 0 ? descriptor : nil
  }

  private func opened(name: NameBytes, descriptor: Int32) -> OpenFile? {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let file = StoredFile(
      name: name,
      size: UInt64(max(0, status.st_size)),
      type: notedType(of: descriptor),
      modified: clinux_modified_seconds(&status),
      digests: ContentDigests(sha256: notedDigest(of: descriptor, version: ContentVersion(&status)))
    )
    return OpenFile(descriptor: descriptor, file: file, version: FileVersion(status))
  }

  /// The media type noted with a file; what does not look like one counts as none, since anybody may write attributes.
  private func notedType(of descriptor: Int32) -> String? {
    guard let text = attribute(Self.typeAttribute, of: descriptor) else { return nil }
    return text.contains("/") && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? text : nil
  }

  /// The digest noted with a file; nil when it was computed of another content.
  private func notedDigest(of descriptor: Int32, version: ContentVersion) -> [UInt8]? {
    guard let noted = attribute(Self.digestAttribute, of: descriptor).flatMap({ NotedDigest($0) }) else { return nil }
    return noted.version == version ? noted.sha256 : nil
  }

  private func attribute(_ name: String, of descriptor: Int32) -> String? {
    withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      let length = clinux_get_attribute(descriptor, name, buffer.baseAddress, buffer.count)
      return length > 0 ? String(validating: buffer[..<length], as: UTF8.self) : nil
    }
  }
}
