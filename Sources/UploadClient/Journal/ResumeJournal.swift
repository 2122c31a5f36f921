import FoundationEssentials
import Glibc
import UploadCore
import UploadProtocol

/// The unfinished uploads of this user, kept on disk so that the same command continues them after a crash, a reboot or a
/// `kill -9`. Usable from any thread and by several processes at once.
///
/// Each file, for each target and name, has two files in the directory, both named after a hash of the three:
///
/// | file | contents |
/// |---|---|
/// | `HASH.json` | the ``Entry``; replaced atomically and synced, mode 0600 |
/// | `HASH.lock` | empty; locked (`flock`) by the process that sends the file |
///
/// The process that does not get the lock sends the file as a new upload and notes nothing: it neither waits, nor disturbs
/// the other one. No file contains an access token. A journal that cannot be read or written never fails an upload.
package struct ResumeJournal: Sendable {
  /// An unfinished upload.
  package struct Entry: Sendable, Equatable, Codable {
    /// The file's absolute path; may contain bytes that are not UTF-8 (``NameBytes/losslessText``).
    package var path: String
    /// The name at the server, in the same form.
    package var name: String
    /// The file's size in bytes.
    package var size: UInt64
    /// When its content last changed, in seconds since 1970.
    package var modifiedSeconds: Int64
    /// The part of that below a second, in nanoseconds.
    package var modifiedNanoseconds: Int64
    /// The SHA-256 of its first and last 64 KiB, in hexadecimal.
    package var endsHash: String
    /// The URL of `--to`, without tokens in its query.
    package var target: String
    /// The URL of the upload at the server, without tokens in its query.
    package var uploadURL: String
    /// The protocol that created the upload: `rufh` or `tus`.
    package var protocolName: String
    /// How many bytes were sent when the entry was last written. The server may have fewer.
    package var offset: UInt64
    /// When the upload was created, in seconds since 1970.
    package var created: Int64
    /// When the server deletes it, in seconds since 1970, as far as it has said.
    package var expires: Int64

    package init(
      path: String,
      name: String,
      size: UInt64,
      modifiedSeconds: Int64,
      modifiedNanoseconds: Int64,
      endsHash: String,
      target: String,
      uploadURL: String,
      protocolName: String,
      offset: UInt64,
      created: Int64,
      expires: Int64
    ) {
      self.path = path
      self.name = name
      self.size = size
      self.modifiedSeconds = modifiedSeconds
      self.modifiedNanoseconds = modifiedNanoseconds
      self.endsHash = endsHash
      self.target = target
      self.uploadURL = uploadURL
      self.protocolName = protocolName
      self.offset = offset
      self.created = created
      self.expires = expires
    }

    /// The names of its files, without their ends.
    var key: String { Self.key(path: path, name: name, target: target) }

    /// 64 hexadecimal digits.
    static func key(path: String, name: String, target: String) -> String {
      var hash = SHAHash([.sha256])
      for part in [path, name, target] {
        // No part contains a NUL, so that different parts never make the same bytes.
        (Array(part.utf8) + [0]).withUnsafeBytes { hash?.update($0) }
      }
      return hash?.digests.sha256Text ?? ""
    }

    /// Whether every field has a value that ``ResumeJournal`` writes, apart from the time.
    var isValid: Bool {
      path.hasPrefix("/") && !name.isEmpty && !target.isEmpty && !uploadURL.isEmpty && !protocolName.isEmpty
        && endsHash.utf8.count == 64 && offset <= size && (0..<1_000_000_000).contains(modifiedNanoseconds)
    }
  }

  /// The most bytes of an entry: a path has at most 4 KiB, and a URL is at most as long as a header field.
  private static let sizeLimit = 256 * 1024

  /// The directory's path.
  let directory: String

  /// - Parameter directory: its path; made when the first entry is written.
  package init(directory: String) {
    self.directory = directory
  }

  /// The directory of the user's journal: `$XDG_STATE_HOME/sluice/resume`, otherwise `$HOME/.local/state/sluice/resume`;
  /// nil where neither variable is an absolute path.
  package static func defaultDirectory(in environment: [String: String]) -> String? {
    func absolute(_ name: String) -> String? {
      environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
    return (absolute("XDG_STATE_HOME") ?? absolute("HOME").map { $0 + "/.local/state" }).map { $0 + "/sluice/resume" }
  }

  /// All unfinished uploads, the oldest first. Deletes files that are damaged or expired, unless a process sends the file
  /// now. Blocks.
  package func entries() -> [Entry] {
    let now = Int64(time(nil))
    var entries: [Entry] = []
    for name in DirectoryNames.read(directory).sorted() {
      guard let key = Self.key(of: name) else { continue }
      if name.hasSuffix(".json"), let entry = entry(key), entry.expires > now {
        entries.append(entry)
      } else if name.hasSuffix(".json") || entry(key) == nil, let lock = JournalLock(file(key, "lock")) {
        delete(key, lock)
      }
    }
    return entries.sorted { ($0.created, $0.path) < ($1.created, $1.path) }
  }

  /// Whether a process sends the file of `entry` now: this one or another. Blocks.
  package func isInUse(_ entry: Entry) -> Bool {
    JournalLock(file(entry.key, "lock"), creates: false) == nil && access(file(entry.key, "lock"), F_OK) == 0
  }

  /// Forgets an upload, which the server keeps until it expires; does nothing for one that is not in the journal. A process
  /// that sends the file now continues to do so. Blocks.
  package func remove(_ entry: Entry) {
    let key = entry.key
    if let lock = JournalLock(file(key, "lock")) { delete(key, lock) } else { unlink(file(key, "json")) }
  }

  /// Reserves the place of a file's entry for this process until ``JournalClaim/release()``. Blocks.
  /// - Parameters: as the fields of ``Entry``.
  /// - Returns: nil when another process sends the file, or the directory cannot be used.
  func claim(path: String, name: String, target: String) -> JournalClaim? {
    guard makeDirectory() else { return nil }
    let key = Entry.key(path: path, name: name, target: target)
    return JournalLock(file(key, "lock")).map { JournalClaim(journal: self, key: key, lock: $0) }
  }

  // MARK: Files

  /// The entry in a file; nil where there is none, it is damaged, or it belongs to another key.
  func entry(_ key: String) -> Entry? {
    let descriptor = open(file(key, "json"), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard let bytes = JournalFile.read(descriptor, limit: Self.sizeLimit),
      let entry = try? JSONDecoder().decode(Entry.self, from: Data(bytes)), entry.isValid, entry.key == key
    else { return nil }
    return entry
  }

  /// Replaces the entry of its key atomically, and syncs it.
  /// - Returns: whether it was written.
  func write(_ entry: Entry, _ key: String) -> Bool {
    guard let bytes = try? JSONEncoder().encode(entry) else { return false }
    return JournalFile.replace(file(key, "json"), by: Array(bytes), temporary: file(key, "tmp"), in: directory)
  }

  /// Deletes the entry of a key that is locked by the caller.
  func deleteEntry(_ key: String) {
    for end in ["json", "tmp"] { unlink(file(key, end)) }
  }

  /// Deletes all files of a key, that of the lock last: until then no other process can claim it.
  func delete(_ key: String, _ lock: JournalLock) {
    withExtendedLifetime(lock) {
      deleteEntry(key)
      unlink(file(key, "lock"))
    }
  }

  private func file(_ key: String, _ end: String) -> String { "\(directory)/\(key).\(end)" }

  /// The key in the name of a journal's file; nil for any other file, which is left alone.
  private static func key(of name: String) -> String? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, ["json", "tmp", "lock"].contains(parts[1]), parts[0].utf8.count == 64,
      parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { return nil }
    return String(parts[0])
  }

  /// Makes the directory, for this user alone, and those above it where they do not exist.
  private func makeDirectory() -> Bool {
    var path = ""
    for part in directory.split(separator: "/") {
      path += (path.isEmpty && !directory.hasPrefix("/") ? "" : "/") + part
      guard mkdir(path, 0o700) == 0 || errno == EEXIST || access(path, F_OK) == 0 else { return false }
    }
    return true
  }
}
