import NIOCore
import NIOHTTP1
import Synchronization
import UploadCore
import UploadProtocol

/// Finds out which files a Sluice server has already, by its listings: each directory's is read once, and kept for a while.
///
/// A file exists if one of its name has the same size, and the same SHA-256 where the listing has one, otherwise the same
/// modification time in seconds. The local file is read for that only when the sizes are equal.
actor ExistingFiles {
  /// The most entries of all listings that are kept: they take 40 MB.
  static let limit = 1_000_000

  private let request: ServerRequest
  private let hasToken: Bool
  private let limit: Int
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
    _ = try await load("")
  }

  /// Whether the server has a directory.
  /// - Parameter path: without a slash at its end (``NameBytes/losslessText``).
  /// - Throws: ``UploadError`` when a listing cannot be read.
  func containsDirectory(_ path: String) async throws(UploadError) -> Bool { try await listing(path) != nil }

  /// Whether the server has the file of a source.
  /// - Throws: ``UploadError`` when a listing cannot be read.
  func contains(_ source: UploadSource) async throws(UploadError) -> Bool {
    let path = NameBytes(lossless: source.remotePath ?? source.name).bytes
    let slash = path.lastIndex(of: UInt8(ascii: "/"))
    let directory = NameBytes(slash.map { path[..<$0] } ?? []).losslessText
    let name = NameBytes(slash.map { path[($0 + 1)...] } ?? path[...])
    guard let size = source.size, let listing = try await listing(directory), let item = listing.item(name),
      !item.isDirectory, item.size == size
    else { return false }
    guard item.hasDigest else { return item.modified != nil && item.modified == source.modified }
    do throws(UploadError) {
      return item.matches(try await digests(source))
    } catch {
      // Sending it reports why it cannot be read.
      return false
    }
  }

  private func digests(_ source: UploadSource) async throws(UploadError) -> ContentDigests {
    let cancellation = UploadCancellation()
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
      throw error as? UploadError ?? UploadCancellation.error
    }
  }

  // MARK: Listings

  /// The listing of a directory; nil where the server has no such directory.
  private func listing(_ directory: String) async throws(UploadError) -> ServerDirectory? {
    if let known = directories[directory] {
      recent.removeAll { $0 == directory }
      recent.append(directory)
      return known
    }
    guard !directory.isEmpty else { return try await load(directory) }
    // A directory that is not in the listing above it need not be asked for.
    let path = NameBytes(lossless: directory).bytes
    let slash = path.lastIndex(of: UInt8(ascii: "/"))
    let parent = NameBytes(slash.map { path[..<$0] } ?? []).losslessText
    let name = NameBytes(slash.map { path[($0 + 1)...] } ?? path[...])
    guard try await listing(parent)?.item(name)?.isDirectory == true else { return nil }
    return try await load(directory)
  }

  /// Requests a listing, and keeps it in place of those that were not used for the longest time.
  private func load(_ directory: String) async throws(UploadError) -> ServerDirectory? {
    let reading = ListingReading(limit: limit)
    let uri = request.uri(ofDirectory: directory)
    let response = try await request.send(.GET, uri, onAttempt: { reading.restart() }) { reading.read($0) }
    switch response.status {
    case 200..<300: break
    case 404 where !directory.isEmpty: return nil
    case 404, 405, 501:
      throw UploadError(
        .refusedByServer,
        "The server has no listing of its files (HTTP \(response.status)), which --skip-existing needs. "
          + "Send without --skip-existing, or to a Sluice server."
      )
    case 401, 403:
      let reason = response.rejection(hasToken: hasToken).message
      throw UploadError(
        .refusedByServer,
        "--skip-existing needs the server's listing, which it does not allow. \(reason)"
      )
    default: throw response.rejection(hasToken: hasToken)
    }
    let listing = try reading.finish()
    while listing.count + directories.values.reduce(0, { $0 + $1.count }) > limit, !recent.isEmpty {
      directories[recent.removeFirst()] = nil
    }
    directories[directory] = listing
    recent.append(directory)
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
