import CLinux
import Glibc
import UploadCore

/// Tells one content of a file from another, as far as its size and time of change do.
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

  /// Of an open file; nil when it cannot be told.
  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(&status)
  }
}

/// A SHA-256 as it is noted with a file, in an attribute: with the version of the content that it was computed for, since
/// any program may change the file afterwards.
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

  /// The digest in hexadecimal, size, seconds and nanoseconds, parted by spaces.
  var text: String {
    let digest = ContentDigests(sha256: sha256).sha256Text ?? ""
    return "\(digest) \(version.size) \(version.seconds) \(version.nanoseconds)"
  }
}
