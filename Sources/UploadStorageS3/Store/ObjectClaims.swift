import NIOCore
import Synchronization
import UploadCore
import UploadStorage

/// A key that one multipart upload may store an object under, or the note about one that may replace any object.
struct ObjectClaim: Sendable {
  /// The key of the claim's own object.
  let object: String
  fileprivate let local: String
  /// What the claim's own object says.
  var record: ClaimRecord
  /// Whether no other upload may have the key.
  let isExclusive: Bool
}

/// Claims on keys: while a large file is received, often for hours, its name must not be given to another, and its parts must
/// be found when the server dies.
///
/// A claim is an object, stored only where there is none, so that all servers in front of one bucket see it. Its holder renews
/// it. A server that is about to store a file under a name, unless it may replace others, looks for a claim on the name. One that
/// was not renewed for ``expiry`` belongs to a server that has died: any server takes it over, or sweeps it, and aborts the
/// multipart upload that it names. An upload that replaces other objects has a note instead: the same record, under a name of its
/// own. That of an unfinished upload, which no server renews for days, is valid as long as there is a record of the upload.
///
/// An object cannot be written or deleted on the condition that it is still the same. So a claim is read before that, and once
/// more before its upload is completed.
final class ObjectClaims: Sendable {
  /// How often a claim is renewed.
  static let renewal = Duration.seconds(600)
  /// The time without a renewal after which a claim is void, in seconds.
  static let expiry: Int64 = 3600

  private let requests: any S3Requests
  private let naming: ObjectNaming
  private let capabilities: S3Capabilities
  /// What uploads of this process claim. Exclusive claims by their key, others with the request before it.
  private let held = Mutex<Set<String>>([])
  /// Those of ``held`` that belong to unfinished uploads, also between their requests.
  private let unfinished = Mutex<[UnfinishedID: String]>([:])

  init(_ requests: any S3Requests, _ naming: ObjectNaming, _ capabilities: S3Capabilities) {
    (self.requests, self.naming, self.capabilities) = (requests, naming, capabilities)
  }

  /// Whether an upload of this process claims a key for itself.
  func isClaimedHere(_ key: String) -> Bool { held.withLock { $0.contains(key) } }

  /// Claims a key.
  /// - Parameters:
  ///   - holder: the upload.
  ///   - request: that it belongs to: files of one request never replace each other.
  ///   - isExclusive: whether no other upload may have the key.
  ///   - id: of the unfinished upload; nil for an upload of one request.
  /// - Returns: nil when another upload has claimed it. An unfinished upload whose server died after it had claimed the key gets
  ///   its claim again, with the multipart upload that is noted there.
  /// - Throws: ``S3Failure``.
  func claim(
    _ key: String,
    for holder: UploadID,
    of request: UploadID,
    isExclusive: Bool,
    unfinished id: UnfinishedID? = nil
  ) async throws(S3Failure) -> ObjectClaim? {
    let record = ClaimRecord(holder: holder, key: key, unfinished: id)
    var claim = self.claim(record, of: request, isExclusive: isExclusive)
    let local = claim.local
    let isOwn = id.map { id in unfinished.withLock { $0[id] == local } } ?? false
    guard held.withLock({ $0.insert(local).inserted }) || isOwn else { return nil }
    do throws(S3Failure) {
      // A note need not exist before there is an upload to note.
      let isHeld = isExclusive ? try await store(&claim) : true
      if isHeld {
        if let id { unfinished.withLock { $0[id] = local } }
        return claim
      }
    } catch {
      drop(claim)
      throw error
    }
    drop(claim)
    return nil
  }

  private func claim(_ record: ClaimRecord, of request: UploadID, isExclusive: Bool) -> ObjectClaim {
    ObjectClaim(
      object: isExclusive ? naming.claim(ofKey: record.key) : naming.note(record.holder),
      local: isExclusive ? record.key : "\(request) \(record.key)",
      record: record,
      isExclusive: isExclusive
    )
  }

  /// The claim of an unfinished upload, perhaps one of another server, whose next request this process receives.
  func adopt(_ record: ClaimRecord, isExclusive: Bool) -> ObjectClaim {
    let claim = self.claim(record, of: record.holder, isExclusive: isExclusive)
    held.withLock { _ = $0.insert(claim.local) }
    if let id = record.unfinished { unfinished.withLock { $0[id] = claim.local } }
    return claim
  }

  /// Ends the claim of an unfinished upload for this process: the upload has ended, perhaps at another server.
  func drop(_ id: UnfinishedID) {
    guard let local = unfinished.withLock({ $0.removeValue(forKey: id) }) else { return }
    held.withLock { _ = $0.remove(local) }
  }

  /// Stores the object of a claim, unless another upload has a claim that is not void.
  private func store(_ claim: inout ObjectClaim) async throws(S3Failure) -> Bool {
    // A void claim is removed once; who loses the race for it afterwards has lost.
    for isLast in [false, true] {
      do throws(S3Failure) {
        try await requests.putIfAbsent(claim.object, Self.body(claim.record), Self.headers, capabilities)
        // OpenStack Swift checks the condition when a PUT begins: of two at once the later one replaces the other.
        return try await isHeld(claim)
      } catch {
        switch error.kind {
        case .conditionFailed, .conflict: break
        case .unreachable, .timeout, .denied, .noBucket, .noKey, .slowDown, .clockSkew, .wrongRegion, .notS3, .rejected,
          .server, .cancelled:
          throw error
        }
      }
      guard let (object, text) = try await requests.getSmall(claim.object, upTo: ClaimRecord.longest) else { continue }
      let record = ClaimRecord(text.readableBytesView)
      // The response to the first attempt may have been lost.
      if let record, record.holder == claim.record.holder {
        claim.record.uploadID = record.uploadID
        return true
      }
      if isLast { return false }
      guard try await isVoid(object, record) else { return false }
      try await remove(claim.object, record)
    }
    return false
  }

  /// Whether any upload claims a key for itself, perhaps one of another server.
  func isClaimed(_ key: String) async throws(S3Failure) -> Bool {
    if isClaimedHere(key) { return true }
    let object = naming.claim(ofKey: key)
    guard let found = try await requests.head(object) else { return false }
    guard isOld(found) else { return true }
    guard let (_, text) = try await requests.getSmall(object, upTo: ClaimRecord.longest) else { return false }
    return try await !isVoid(found, ClaimRecord(text.readableBytesView))
  }

  /// Whether a claim was not renewed for so long that it is void, unless it is that of an unfinished upload.
  private func isOld(_ object: S3Object) -> Bool { requests.engineTime - object.modified > Self.expiry }

  private func isVoid(_ object: S3Object, _ record: ClaimRecord?) async throws(S3Failure) -> Bool {
    guard isOld(object) else { return false }
    guard let id = record?.unfinished else { return true }
    return try await requests.head(naming.record(of: id)) == nil
  }

  /// Notes the multipart upload of a claim: from now on it is aborted when this server dies.
  /// - Returns: false when the claim is another upload's now.
  func note(_ uploadID: String, in claim: inout ObjectClaim) async throws(S3Failure) -> Bool {
    claim.record.uploadID = uploadID
    return try await renew(claim)
  }

  /// Renews a claim; call it every ``renewal``.
  /// - Returns: false when it is another upload's now: then nothing was written.
  func renew(_ claim: ObjectClaim) async throws(S3Failure) -> Bool {
    guard try await isHeld(claim) else { return false }
    try await requests.put(claim.object, Self.body(claim.record), Self.headers, ifAbsent: false)
    return true
  }

  /// Whether a claim still belongs to its upload: checked before the object is published.
  func isHeld(_ claim: ObjectClaim) async throws(S3Failure) -> Bool {
    guard claim.isExclusive else { return true }
    guard let (_, text) = try await requests.getSmall(claim.object, upTo: ClaimRecord.longest) else { return false }
    return ClaimRecord(text.readableBytesView)?.holder == claim.record.holder
  }

  /// Ends a claim and deletes its object, unless that is another upload's now. A failure is ignored: the claim becomes void, and
  /// is swept.
  func release(_ claim: ObjectClaim) async {
    if (try? await isHeld(claim)) == true { try? await requests.delete(claim.object) }
    drop(claim)
  }

  /// Ends a claim for this process, while its object stays until it is swept.
  func drop(_ claim: ObjectClaim) {
    if let id = claim.record.unfinished { unfinished.withLock { $0[id] = nil } }
    held.withLock { _ = $0.remove(claim.local) }
  }

  /// Removes all void claims, and aborts their multipart uploads.
  /// - Returns: how many were removed.
  /// - Throws: ``S3Failure``; then some may be left.
  func sweep() async throws(S3Failure) -> Int {
    var (count, continuation): (Int, String?) = (0, nil)
    repeat {
      let page = try await requests.list(prefix: naming.claims, delimiter: nil, continuation: continuation)
      for object in page.objects where isOld(object) {
        do throws(S3Failure) {
          if try await sweep(object.key) { count += 1 }
        } catch {
          // No claim is that long: an object of another program, which must not keep the others from being swept.
          guard error.kind == .rejected else { throw error }
        }
      }
      continuation = page.continuation
    } while continuation != nil
    return count
  }

  /// - Returns: whether the claim is removed.
  private func sweep(_ object: String) async throws(S3Failure) -> Bool {
    // It may have been renewed, or released, since it was listed.
    guard let (found, text) = try await requests.getSmall(object, upTo: ClaimRecord.longest) else { return false }
    let record = ClaimRecord(text.readableBytesView)
    guard try await isVoid(found, record) else { return false }
    try await remove(object, record)
    return true
  }

  /// Removes a void claim, and aborts its multipart upload.
  private func remove(_ object: String, _ record: ClaimRecord?) async throws(S3Failure) {
    if let record, let uploadID = record.uploadID {
      try await requests.abortMultipart(record.key, uploadID: uploadID)
    }
    // Another server may have removed it meanwhile, so that the key is claimed by another upload.
    guard let (found, text) = try await requests.getSmall(object, upTo: ClaimRecord.longest), isOld(found),
      ClaimRecord(text.readableBytesView) == record
    else { return }
    try await requests.delete(object)
  }

  private static let headers = S3ObjectHeaders(contentType: "text/plain; charset=utf-8")

  private static func body(_ record: ClaimRecord) -> S3Body { .bytes(ByteBuffer(string: record.text)) }
}
