import HTTPExchange
import NIOCore
import NIOHTTP1
import Synchronization
import UploadCore
import UploadProtocol

/// Finds out which files a Sluice server has already, by its listings: each directory's is read once, and kept for a while.
///
/// A file exists if one of the name that the server would store it under has the same size, and the same SHA-256 where the
/// listing has one, otherwise the same modification time in seconds. Where the server numbers files of the same name, any
/// of these numbers will do. The local file is read for that only when the sizes are equal.
actor ExistingFiles {
  /// What a server has of a file.
  enum Presence: Sendable {
    case exists
    case missing
    /// A file of the same name and size, of which the server knows neither the time nor the SHA-256.
    case unknown
  }

  /// The most entries of all listings that are kept: they take 40 MB.
  static let limit = 1_000_000
  /// The most files of one name that are compared.
  private static let highestNumber = 1000

  private let request: ServerRequest
  private let hasToken: Bool
  private let limit: Int
  /// How the server stores files; known with the first listing.
  private(set) var storage = StorageField()
  /// Whether a listing has been read.
  private var isChecked = false
  /// The listings by directory; the root is the empty path.
  private var directories: [String: ServerDirectory] = [:]
  /// The keys of ``directories``, the one that was used last at the end.
  private var recent: [String] = []

  /// - Parameter limit: the most entries of all listings that are kept.
  init(_ request: ServerRequest, limit: Int = ExistingFiles.limit) {
    (self.request, self.limit) = (request, limit)
    hasToken = request.target.authorization != nil
  }

  /// Checks that the server lists its files, before anything is sent.
  /// - Throws: ``UploadError`` that says why it does not.
  func checkAccess() async throws(UploadError) {
    if !isChecked { _ = try await listing(.root) }
  }

  /// Whether the server has a directory.
  /// - Parameter path: without a slash at its end (``NameBytes/losslessText``).
  /// - Throws: ``UploadError`` when a listing cannot be read.
  func containsDirectory(_ path: String) async throws(UploadError) -> Bool {
    try await checkAccess()
    guard storage.keepsDirectories, let path = try? DirectoryPath(NameBytes(lossless: path)) else { return false }
    return try await listing(path) != nil
  }

  /// Whether the server has the file of a source.
  /// - Throws: ``UploadError`` when a listing cannot be read.
  func presence(of source: UploadSource) async throws(UploadError) -> Presence {
    try await checkAccess()
    guard let size = source.size, let path = storedPath(of: source), let listing = try await listing(path.directory)
    else { return .missing }
    // A name that had to be altered never replaces a file.
    let highest = storage.numbersDuplicates || path.wasAltered ? Self.highestNumber : 1
    var digests: ContentDigests?
    var presence = Presence.missing
    for number in 1...highest {
      guard let item = listing.item(path.name.numbered(number).bytes) else { break }
      guard !item.isDirectory, item.size == size else { continue }
      if item.hasDigest {
        let own: ContentDigests
        if let digests { own = digests } else { own = try await readDigests(source) }
        if item.matches(own) { return .exists }
        digests = own
      } else if !storage.keepsTimes {
        presence = .unknown
      } else if item.modified != nil, item.modified == source.modified {
        return .exists
      }
    }
    return presence
  }

  /// Where the server stores a source, by the rules that it has in common with this program; nil where it rejects the path,
  /// or makes up a name.
  private func storedPath(of source: UploadSource) -> FilePath? {
    let requested = NameBytes(lossless: source.remotePath ?? source.name)
    guard storage.keepsDirectories, source.remotePath != nil else {
      let isFlattened = source.remotePath != nil && requested != requested.lastComponent
      return FileName(requested.lastComponent, isFlattened: isFlattened).map { FilePath($0) }
    }
    return try? FilePath(requested)
  }

  /// The digests of the source's content; none where it cannot be read, which sending it reports.
  private func readDigests(_ source: UploadSource) async throws(UploadError) -> ContentDigests {
    do throws(UploadError) {
      return try await digests(source)
    } catch {
      if error.code == .cancelled { throw error }
      return ContentDigests()
    }
  }

  private func digests(_ source: UploadSource) async throws(UploadError) -> ContentDigests {
    let cancellation = Cancellation()
    do {
      return try await withTaskCancellationHandler {
        try await request.resources.onPool {
          guard var hash = SHAHash([.sha256]) else { return ContentDigests() }
          try source.open().add(to: &hash) { () throws(UploadError) in try cancellation.check() }
          return hash.digests
        }
      } onCancel: {
        cancellation.cancel()
      }
    } catch {
      throw error as? UploadError ?? Cancellation.error
    }
  }

  // MARK: Listings

  /// The listing of a directory; nil where the server has no such directory.
  private func listing(_ directory: DirectoryPath) async throws(UploadError) -> ServerDirectory? {
    let key = directory.bytes.losslessText
    if let known = directories[key] {
      // Files come directory by directory.
      if recent.last != key {
        recent.removeAll { $0 == key }
        recent.append(key)
      }
      return known
    }
    guard let name = directory.components.last else { return keep(try await loadRoot(), key) }
    // A directory that is not in the listing above it need not be asked for.
    let parent = DirectoryPath(components: directory.components.dropLast())
    guard try await listing(parent)?.item(name.bytes)?.isDirectory == true else { return nil }
    return try await load(request.uri(ofDirectory: key)).map { keep($0, key) }
  }

  /// Keeps a listing in place of those that were not used for the longest time.
  private func keep(_ listing: ServerDirectory, _ key: String) -> ServerDirectory {
    while listing.count + directories.values.reduce(0, { $0 + $1.count }) > limit, !recent.isEmpty {
      directories[recent.removeFirst()] = nil
    }
    directories[key] = listing
    recent.append(key)
    return listing
  }

  /// The listing of the target's directory: without entries where that does not exist yet, but one above it does. A server
  /// that keeps no directories has only one.
  private func loadRoot() async throws(UploadError) -> ServerDirectory {
    if let listing = try await load(request.uri(ofDirectory: "")) { return listing }
    var path = request.rootPath.utf8.split(separator: UInt8(ascii: "/"))
    // The listings of a Sluice server are below this path.
    while path.contains(where: { $0.elementsEqual("files".utf8) }), !(path.last?.elementsEqual("files".utf8) ?? true) {
      path.removeLast()
      let root = "/" + path.map { String(Substring($0)) + "/" }.joined()
      if let listing = try await load(request.uri(ofDirectory: "", in: root)) {
        return storage.keepsDirectories ? ServerDirectory() : listing
      }
    }
    throw Self.noListing(404)
  }

  private static func noListing(_ status: Int) -> UploadError {
    UploadError(
      .refusedByServer,
      "The server has no listing of its files (HTTP \(status)), which --skip-existing needs. "
        + "Send without --skip-existing, or to a Sluice server."
    )
  }

  /// Requests a listing; nil where there is no such directory.
  private func load(_ uri: String) async throws(UploadError) -> ServerDirectory? {
    let reading = ListingReading(limit: limit)
    let response = try await request.send(.GET, uri, onAttempt: { reading.restart() }) { reading.read($0) }
    switch response.status {
    case 200..<300: break
    case 404: return nil
    case 405, 501: throw Self.noListing(response.status)
    case 401, 403:
      let reason = response.rejection(hasToken: hasToken).message
      throw UploadError(
        .refusedByServer,
        "--skip-existing needs the server's listing, which it does not allow. \(reason)"
      )
    default: throw response.rejection(hasToken: hasToken)
    }
    let listing = try reading.finish()
    (storage, isChecked) = (StorageField(response.headers.first(name: StorageField.name)), true)
    return listing
  }
}

/// A listing that arrives. Usable from any thread.
private final class ListingReading: Sendable {
  private struct State {
    var parser = ListingParser()
    var directory = ServerDirectory()
    var isTooLong = false
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = limit }

  /// Discards what has arrived.
  func restart() { state.withLock { $0 = State() } }

  /// - Returns: whether more is needed: false once it is no listing, or too long to be kept.
  func read(_ bytes: ByteBuffer) -> Bool {
    state.withLock { state in
      guard !state.isTooLong else { return false }
      var directory = state.directory
      state.directory = ServerDirectory()
      state.parser.read(bytes.readableBytesView) { directory.add($0) }
      state.isTooLong = directory.count > limit
      if !state.isTooLong { state.directory = directory }
      return !state.isTooLong && state.parser.isValid
    }
  }

  /// - Throws: ``UploadError`` when the response was no complete listing, or too long to be kept.
  func finish() throws(UploadError) -> ServerDirectory {
    try state.withLock { state throws(UploadError) in
      guard !state.isTooLong else {
        throw UploadError(
          .refusedByServer,
          "A directory of the server has more than \(limit) files, too many for --skip-existing. "
            + "Send without it."
        )
      }
      guard state.parser.isValid, state.parser.isComplete else {
        throw UploadError(
          .badAnswer,
          "The server sent no listing of a Sluice server, which --skip-existing needs. Send without --skip-existing."
        )
      }
      state.directory.sort()
      return state.directory
    }
  }
}
