import FoundationEssentials
import UploadCore

/// The record of an unfinished upload as JSON, in version 1 of the format.
package struct UnfinishedDocument: Codable {
  private static let currentVersion = 1
  /// The longest record that is read, in bytes. The text of properties, with every character escaped, fits.
  package static let maximumSize = 512 * 1024

  private struct Digests: Codable {
    var sha256: String?
    var sha512: String?
  }

  private struct Publication: Codable {
    var inode: UInt64
    /// The path (``NameBytes/losslessText``), as in ``requestedName``.
    var name: String
    var isAltered: Bool
    var modificationTime: Int64?
    var type: String?
    var digests: Digests
  }

  private struct Stored: Codable {
    var name: String
    var size: UInt64
    var type: String?
    var modified: Int64
    var replaced: Bool
    var digests: Digests
  }

  private enum State: String, Codable {
    case unfinished, publishing, finished, gone
  }

  /// All that is read of a record of another version.
  private struct Version: Codable {
    var version: Int
  }

  private var version: Int
  private var id: String
  private var protocolName: String
  private var target: String
  /// The path that was requested (``NameBytes/losslessText``); nil for a generated name. A record without directories is
  /// that of earlier versions.
  private var requestedName: String?
  /// Whether the path differs from the one that the client stated.
  private var isFlattened: Bool
  private var modificationTime: Int64?
  private var declaredType: String?
  private var length: UInt64?
  private var properties: [String: String]
  private var expected: Digests
  private var created: Int64
  private var expires: Int64
  private var owner: String?
  private var client: String
  private var remote: String
  private var durableOffset: UInt64
  private var bootID: String
  private var state: State
  private var publication: Publication?
  private var file: Stored?

  /// Reads a record.
  /// - Returns: nil for anything but the complete record of that upload, in this version, that does not contradict
  ///   itself.
  package static func entry(of id: UnfinishedID, in bytes: [UInt8]) -> UnfinishedEntry? {
    let data = Data(bytes)
    let decoder = JSONDecoder()
    guard (try? decoder.decode(Version.self, from: data))?.version == currentVersion,
      let document = try? decoder.decode(Self.self, from: data), document.id == id.description
    else { return nil }
    return document.entry(id)
  }

  /// Writes a record.
  /// - Throws: what the encoder throws.
  package static func bytes(of entry: UnfinishedEntry) throws -> [UInt8] {
    Array(try JSONEncoder().encode(Self(entry)))
  }

  // MARK: Conversion

  private init(_ entry: UnfinishedEntry) {
    let record = entry.record
    version = Self.currentVersion
    (id, protocolName, target) = (record.id.description, record.protocolName, record.target)
    (requestedName, isFlattened) = (record.path?.bytes.losslessText, record.path?.wasAltered ?? false)
    modificationTime = record.modified
    (declaredType, length, properties) = (record.declaredType, record.length, record.properties)
    expected = Self.document(record.expected)
    (created, expires) = (record.created, record.expires)
    (owner, client, remote) = (record.owner, record.client, record.remote)
    (durableOffset, bootID) = (record.offset, entry.bootID)
    switch record.state {
    case .unfinished: state = .unfinished
    case .publishing: state = .publishing
    case .gone: state = .gone
    case .finished(let stored):
      state = .finished
      file = Stored(
        name: stored.nameBytes.losslessText,
        size: stored.size,
        type: stored.type,
        modified: stored.modified,
        replaced: stored.replaced,
        digests: Self.document(stored.digests)
      )
    }
    publication = entry.publication.map { publication in
      Publication(
        inode: publication.inode,
        name: publication.path.bytes.losslessText,
        isAltered: publication.path.wasAltered,
        modificationTime: publication.modified,
        type: publication.type,
        digests: Self.document(publication.digests)
      )
    }
  }

  private func entry(_ id: UnfinishedID) -> UnfinishedEntry? {
    // Files have no larger offset.
    guard durableOffset <= UInt64(Int64.max), durableOffset <= length ?? .max, let expected = Self.digests(expected),
      let state = recordState, let publication = publicationOfEntry, let path = requestedPath
    else { return nil }
    var record = UnfinishedRecord(
      id: id,
      protocolName: protocolName,
      target: target,
      path: path,
      modified: modificationTime,
      declaredType: declaredType,
      length: length,
      created: created,
      expires: expires,
      client: client,
      remote: remote
    )
    (record.properties, record.expected) = (properties, expected)
    (record.owner, record.offset, record.state) = (owner, durableOffset, state)
    return UnfinishedEntry(record: record, bootID: bootID, publication: publication)
  }

  private var recordState: UnfinishedRecord.State? {
    switch state {
    case .unfinished: return .unfinished
    case .publishing: return publication == nil ? nil : .publishing
    case .gone: return .gone
    case .finished:
      guard let file, let digests = Self.digests(file.digests) else { return nil }
      return .finished(
        StoredFile(
          name: NameBytes(lossless: file.name),
          size: file.size,
          type: file.type,
          modified: file.modified,
          replaced: file.replaced,
          digests: digests
        )
      )
    }
  }

  /// Nil where the publication is damaged; that is nil in turn where the record has none.
  private var publicationOfEntry: UnfinishedEntry.Publication?? {
    guard let publication else { return .some(nil) }
    guard let digests = Self.digests(publication.digests),
      let path = Self.path(publication.name, isAltered: publication.isAltered)
    else { return nil }
    return UnfinishedEntry.Publication(
      inode: publication.inode,
      path: path,
      modified: publication.modificationTime,
      type: publication.type,
      digests: digests
    )
  }

  /// Nil where the path is damaged; that is nil in turn where the record has none.
  private var requestedPath: FilePath?? {
    guard let requestedName else { return .some(nil) }
    return Self.path(requestedName, isAltered: isFlattened).map { .some($0) }
  }

  /// - Parameter isAltered: whether the path differs from the one that the client stated.
  private static func path(_ text: String, isAltered: Bool) -> FilePath? {
    guard let path = try? FilePath(NameBytes(lossless: text)),
      let name = FileName(path.name.bytes, isFlattened: isAltered)
    else { return nil }
    return FilePath(directory: path.directory, name: name)
  }

  private static func document(_ digests: ContentDigests) -> Digests {
    Digests(sha256: digests.sha256.map { Hexadecimal.text($0) }, sha512: digests.sha512.map { Hexadecimal.text($0) })
  }

  /// - Returns: nil where one of them is no digest of its length.
  private static func digests(_ document: Digests) -> ContentDigests? {
    let sha256 = document.sha256.map { Hexadecimal.bytes($0.utf8) }
    let sha512 = document.sha512.map { Hexadecimal.bytes($0.utf8) }
    guard sha256.map({ $0?.count == 32 }) ?? true, sha512.map({ $0?.count == 64 }) ?? true else { return nil }
    return ContentDigests(sha256: sha256 ?? nil, sha512: sha512 ?? nil)
  }
}
