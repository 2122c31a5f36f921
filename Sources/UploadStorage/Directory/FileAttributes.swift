import CLinux
import Glibc
import UploadCore

/// Media type and digest of a stored file, noted in its extended attributes where the file system supports them.
struct FileAttributes {
  static let typeName = "user.mime_type"
  static let digestName = "user.sluice.sha256"

  /// Of the open file.
  let descriptor: Int32

  /// The media type noted with the file; nil for what does not look like one, since any program may write attributes.
  var type: String? {
    guard let text = read(Self.typeName) else { return nil }
    return text.contains("/") && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? text : nil
  }

  /// The digest noted with the file; nil when it was computed of another content.
  func sha256(of version: ContentVersion) -> [UInt8]? {
    guard let noted = read(Self.digestName).flatMap({ NotedDigest($0) }) else { return nil }
    return noted.version == version ? noted.sha256 : nil
  }

  /// Notes media type and digest. All of the content must have been written: the digest is noted with the size and time
  /// of change that it was computed for. Failures are ignored: the attributes are only a convenience.
  func note(type: String?, sha256: [UInt8]?) {
    if let type { write(type, as: Self.typeName) }
    if let sha256, let version = ContentVersion(descriptor: descriptor) {
      write(NotedDigest(sha256: sha256, version: version).text, as: Self.digestName)
    }
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

/// Distinguishes the contents of a file, as far as its size and time of change do.
struct ContentVersion: Sendable, Equatable {
  /// In bytes.
  var size: UInt64
  /// Time of the last change: seconds since 1970, and the rest in nanoseconds.
  var seconds: Int64
  var nanoseconds: Int64
}

extension ContentVersion {
  init(_ status: inout stat) {
    self.init(
      size: UInt64(max(0, status.st_size)),
      seconds: clinux_modified_seconds(&status),
      nanoseconds: clinux_modified_nanoseconds(&status)
    )
  }

  /// Of an open file; nil when that cannot be read.
  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(&status)
  }
}

/// A SHA-256 as it is noted with a file: with the version of the content that it was computed for, since any program may
/// change the file afterwards.
struct NotedDigest: Sendable, Equatable {
  /// 32 bytes.
  let sha256: [UInt8]
  let version: ContentVersion

  init(sha256: [UInt8], version: ContentVersion) {
    self.sha256 = sha256
    self.version = version
  }

  /// Reads ``text``; nil for anything else, such as the digest alone that earlier versions of this program noted.
  init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 4, let sha256 = ContentDigests(sha256Text: String(words[0]))?.sha256,
      let size = UInt64(words[1]), let seconds = Int64(words[2]), let nanoseconds = Int64(words[3])
    else { return nil }
    self.init(sha256: sha256, version: ContentVersion(size: size, seconds: seconds, nanoseconds: nanoseconds))
  }

  /// The digest in hexadecimal, size, seconds and nanoseconds, separated by spaces.
  var text: String {
    let digest = ContentDigests(sha256: sha256).sha256Text ?? ""
    return "\(digest) \(version.size) \(version.seconds) \(version.nanoseconds)"
  }
}
