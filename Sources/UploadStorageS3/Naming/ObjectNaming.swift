import Crypto
package import UploadCore
import UploadStorage

/// Converts paths of files into keys of objects, and back. Pure.
///
/// A key is the prefix followed by the path, byte for byte: `PREFIX/photos/a.jpg`. Keys are UTF-8 and have at most 1,024
/// bytes, so other paths have no key. Objects of other programs whose keys are no safe paths have no path, and are neither
/// listed nor read. What the store keeps for itself begins with `PREFIX/.sluice/`.
package struct ObjectNaming: Sendable, Equatable {
  /// The longest key, in bytes.
  package static let longestKey = 1024
  /// The directory of the store's own objects, below the prefix.
  package static let ownDirectory = ".sluice"

  /// What all keys begin with: empty, or a path with a slash behind it.
  package let prefix: String

  /// - Parameter prefix: names separated by slashes, perhaps with one at its end; empty for the whole bucket.
  package init(prefix: String) {
    var trimmed = prefix[...]
    while trimmed.last == "/" { trimmed.removeLast() }
    self.prefix = trimmed.isEmpty ? "" : trimmed + "/"
  }

  // MARK: Files

  /// The key for a file.
  /// - Throws: ``UploadError`` with code `badRequest` where it has none: it is not UTF-8, too long, or one of the store's
  ///   own objects.
  package func key(_ path: NameBytes) throws(UploadError) -> String {
    guard let text = String(validating: path.bytes, as: UTF8.self) else {
      throw UploadError(.badRequest, "The object store accepts only names in UTF-8. Send the file under another name.")
    }
    guard !Self.isOwn(text) else {
      throw UploadError(.badRequest, "\"\(Self.ownDirectory)\" is reserved for the server. Use another directory.")
    }
    let key = prefix + text
    guard key.utf8.count <= Self.longestKey else {
      let room = max(0, Self.longestKey - prefix.utf8.count)
      throw UploadError(
        .badRequest,
        "The path is too long for the object store: it may have \(room) bytes. Send the file under a shorter path."
      )
    }
    return key
  }

  /// The path of the file that an object is; nil for an object that is none: of another prefix, the store's own, the marker
  /// of a directory, or with a key that is no safe path.
  package func path(ofKey key: String) -> NameBytes? {
    guard key.hasBytePrefix(prefix) else { return nil }
    let rest = NameBytes(key.utf8.dropFirst(prefix.utf8.count))
    guard Self.isPath(rest), !Self.isOwn(rest.description) else { return nil }
    return rest
  }

  /// Whether a path can be that of a file or directory: one or more names, each a safe file name.
  static func isPath(_ path: NameBytes) -> Bool {
    let components = path.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return components.count <= DirectoryPath.maximumDepth + 1
      && components.allSatisfy { isName(NameBytes($0)) }
  }

  /// Whether a name is one that an upload could have: rules would not change it.
  static func isName(_ name: NameBytes) -> Bool { FileName(name).map { $0.bytes == name } ?? false }

  private static func isOwn(_ path: String) -> Bool {
    path.utf8.elementsEqual(ownDirectory.utf8) || path.hasBytePrefix(ownDirectory + "/")
  }

  // MARK: Directories

  /// What the keys of everything in a directory begin with.
  /// - Parameter directory: its path; empty for the root.
  /// - Returns: nil for a path that no directory can have.
  package func prefix(ofDirectory directory: NameBytes) -> String? {
    if directory.isEmpty { return prefix }
    guard Self.isPath(directory), let key = try? key(directory) else { return nil }
    return key + "/"
  }

  /// The name of an object or common prefix in a directory's listing; nil for what is not listed there.
  /// - Parameters:
  ///   - key: of the object, or the common prefix with the slash at its end.
  ///   - listed: as ``prefix(ofDirectory:)`` returned it.
  package func name(ofEntry key: String, in listed: String) -> NameBytes? {
    guard key.hasBytePrefix(listed) else { return nil }
    var name = key.utf8.dropFirst(listed.utf8.count)
    if name.last == UInt8(ascii: "/") { name = name.dropLast() }
    let bytes = NameBytes(name)
    if listed == prefix, bytes.description == Self.ownDirectory { return nil }
    return Self.isName(bytes) ? bytes : nil
  }

  // MARK: The store's own objects

  /// What the keys of all claims begin with.
  package var claims: String { "\(prefix)\(Self.ownDirectory)/claims/" }

  /// The key of the object that claims a key for one upload. Digests have a fixed length: the key may be of the longest.
  package func claim(ofKey key: String) -> String {
    claims + Hexadecimal.text(SHA256.hash(data: Array(key.utf8)))
  }

  /// The key of the note about an upload that claims no key.
  package func note(_ id: UploadID) -> String { "\(claims)note-\(id)" }

  /// What the keys of everything begin with that belongs to unfinished uploads.
  var uploads: String { "\(prefix)\(Self.ownDirectory)/uploads/" }

  /// What the keys of everything begin with that belongs to one unfinished upload.
  func all(of id: UnfinishedID) -> String { "\(uploads)\(id)." }

  /// The key of an unfinished upload's record.
  func record(of id: UnfinishedID) -> String { key(of: UnfinishedPart(id: id, kind: .record)) }

  /// The key of an object of an unfinished upload.
  func key(of part: UnfinishedPart) -> String { uploads + part.name }

  /// What an object belongs to; nil for one that belongs to no unfinished upload.
  func part(ofKey key: String) -> UnfinishedPart? {
    key.hasBytePrefix(uploads) ? UnfinishedPart(name: String(key.utf8.dropFirst(uploads.utf8.count)) ?? "") : nil
  }

  /// What the keys of objects begin with that only a probe makes.
  package var probe: String { "\(prefix)\(Self.ownDirectory)/probe/" }
}

extension String {
  /// Whether the bytes begin with those of `prefix`; strings compare equal in different normalization forms, keys do not.
  fileprivate func hasBytePrefix(_ prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }
}
