import UploadCore
import UploadStorage

/// Stores objects under the names that requests and the policy for duplicates require, and confirms that they are there.
///
/// An object appears at once and complete, so that no reader sees a part of it. Whether it replaces another is decided by the
/// engine (`If-None-Match: *`) as far as it supports that, and by claims (``ObjectClaims``). What it does not support is not sent:
/// some engines reject requests with a condition that they do not know.
struct ObjectPublisher: Sendable {
  /// How often a PUT is repeated that conflicts with another of the same key (409).
  private static let conflictAttempts = 5
  /// How often an object that was stored just now is looked for.
  private static let confirmAttempts = 4
  /// The number at which the search for a free one ends.
  private static let highestNumber = 1 << 40

  /// To the bucket.
  let requests: any S3Requests
  /// The keys of files and of the store's own objects.
  let naming: ObjectNaming
  /// Those of all uploads of the store.
  let claims: ObjectClaims
  /// What the engine was seen to support.
  let capabilities: S3Capabilities
  /// What happens when there is an object of that name and the request does not say.
  let onDuplicate: DuplicatePolicy

  /// What happens when there is an object of the requested name. A path that was altered never replaces a file.
  private func policy(of request: FinalizeRequest) -> DuplicatePolicy {
    let policy = request.onDuplicate ?? onDuplicate
    return policy == .replace && request.path.wasAltered ? .rename : policy
  }

  // MARK: Conditions

  /// Checks a condition before an upload begins, and whether an object could be stored at its path.
  /// - Throws: what the condition throws; ``UploadError`` with code `nameTaken`, or why the path can have no object.
  func check(_ condition: PublishCondition) async throws(UploadError) {
    guard let path = condition.path else { return try condition.check(nil) }
    let key: String
    do throws(UploadError) {
      key = try naming.key(path.bytes)
    } catch {
      // No object can be there.
      try condition.check(nil)
      throw error
    }
    let object = try await storing { () async throws(S3Failure) in try await requests.head(key) }
    try condition.check(object?.version)
    if object != nil, onDuplicate == .error { throw StorageError.nameTaken(path.bytes) }
  }

  // MARK: Single requests

  /// Stores an object with one request.
  /// - Parameter form: the names of the files of the same request, which never replace each other.
  /// - Returns: the file, and its key.
  /// - Throws: ``UploadError``: with code `nameTaken`, what a condition throws, or why it cannot be stored.
  func put(
    _ body: S3Body,
    _ request: FinalizeRequest,
    digests: ContentDigests,
    upload: UploadID,
    in form: FormNames = FormNames()
  ) async throws(UploadError) -> (file: StoredFile, key: String) {
    let metadata = ObjectMetadata(request, sha256: digests.sha256, upload: upload)
    let object = NewObject(request: request, metadata: metadata, size: body.length, digests: digests)
    var number = 1
    while true {
      let path = request.path.numbered(number).bytes
      let key = try naming.key(path)
      let isOthers = !form.take(key)
      if policy(of: request) == .replace, number == 1, !isOthers {
        return (try await replace(key, path, body, object, in: form), key)
      }
      if number == 1, let condition = request.condition, !isOthers {
        try condition.check(try await storing { () async throws(S3Failure) in try await requests.head(key) }?.version)
      }
      if !isOthers, try await putIfAbsent(key, body, object) {
        let found = try await find(key)
        // OpenStack Swift checks the condition when a PUT begins: of two at once the later one replaces the other.
        if object.metadata.isOwn(found) || !ObjectMetadata.hasUpload(found) {
          return (try await confirm(found, path, object), key)
        }
      }
      guard policy(of: request) != .error else { throw StorageError.nameTaken(request.path.bytes) }
      number = try await freeNumber(for: request.path, after: number, in: form)
    }
  }

  private func replace(
    _ key: String,
    _ path: NameBytes,
    _ body: S3Body,
    _ object: NewObject,
    in form: FormNames
  ) async throws(UploadError) -> StoredFile {
    let old = try await storing { () async throws(S3Failure) in try await requests.head(key) }
    try object.request.condition?.check(old?.version)
    if old != nil { form.noteReplacing(key) }
    try await storing { () async throws(S3Failure) in
      try await requests.put(key, body, object.metadata.headers, ifAbsent: false)
    }
    return try await confirm(find(key), path, object, replaced: old != nil)
  }

  /// - Returns: false when there is an object of that name.
  private func putIfAbsent(_ key: String, _ body: S3Body, _ object: NewObject) async throws(UploadError) -> Bool {
    // Otherwise a large file, which may have been arriving for hours, would lose its name, or replace this object.
    guard try await !storing({ () async throws(S3Failure) in try await claims.isClaimed(key) }) else { return false }
    for attempt in 1...Self.conflictAttempts {
      do throws(S3Failure) {
        try await requests.putIfAbsent(key, body, object.metadata.headers, capabilities)
        return true
      } catch {
        guard error.isConflict else { throw error.storing }
        // An earlier attempt of the client may have stored it.
        let found = try await storing { () async throws(S3Failure) in try await requests.head(key) }
        if let found { return object.metadata.isOwn(found) }
        if attempt == Self.conflictAttempts { throw error.naming }
      }
    }
    return false
  }

  /// The next number with which a path is free; searched in steps that grow, where many are taken.
  private func freeNumber(
    for path: FilePath,
    after number: Int,
    in form: FormNames
  ) async throws(UploadError) -> Int {
    func isTaken(_ number: Int) async throws(UploadError) -> Bool {
      let key = try naming.key(path.numbered(number).bytes)
      if form.contains(key) || claims.isClaimedHere(key) { return true }
      return try await storing { () async throws(S3Failure) in try await requests.head(key) } != nil
    }
    var (taken, free, step) = (number, number + 1, 1)
    while try await isTaken(free) {
      guard free < Self.highestNumber else { throw StorageError.nameTaken(path.bytes) }
      step *= 2
      (taken, free) = (free, free + step)
    }
    while free - taken > 1 {
      let middle = taken + (free - taken) / 2
      if try await isTaken(middle) { taken = middle } else { free = middle }
    }
    return free
  }

  // MARK: Multipart uploads

  /// Begins a multipart upload under the name that its file gets, and claims that.
  /// - Parameters:
  ///   - holder: the upload.
  ///   - form: the request that it belongs to.
  ///   - id: of the unfinished upload; nil for an upload of one request.
  /// - Throws: ``UploadError`` as ``put(_:_:digests:upload:in:)`` does.
  func begin(
    _ request: FinalizeRequest,
    holder: UploadID,
    form: UploadID,
    of id: UnfinishedID? = nil
  ) async throws(UploadError) -> MultipartObject {
    let metadata = ObjectMetadata(request, sha256: nil, upload: holder)
    let (key, path, claim) = try await claimName(for: request, holder: holder, form: form, of: id)
    if let uploadID = claim.record.uploadID {
      return MultipartObject(key: key, path: path, uploadID: uploadID, metadata: metadata, claim: claim)
    }
    do throws(UploadError) {
      let uploadID = try await storing { () async throws(S3Failure) in
        try await requests.createMultipart(key, metadata.headers)
      }
      let noted: ObjectClaim
      do throws(UploadError) {
        noted = try await note(uploadID, in: claim)
      } catch {
        // No sweep would find it.
        try? await requests.abortMultipart(key, uploadID: uploadID)
        throw error
      }
      var object = MultipartObject(key: key, path: path, uploadID: uploadID, metadata: metadata, claim: noted)
      guard id == nil else { return object }
      let (claims, renewed) = (claims, noted)
      object.renewing = Task {
        while (try? await Task.sleep(for: ObjectClaims.renewal)) != nil { _ = try? await claims.renew(renewed) }
      }
      return object
    } catch {
      await claims.release(claim)
      throw error
    }
  }

  private func note(_ uploadID: String, in claim: ObjectClaim) async throws(UploadError) -> ObjectClaim {
    var noted = claim
    do throws(S3Failure) {
      if try await claims.note(uploadID, in: &noted) { return noted }
    } catch {
      throw error.storing
    }
    throw UploadError(
      .storeUnavailable,
      "Another server has claimed the name of the file at the same time. Send the file again."
    )
  }

  private func claimName(
    for request: FinalizeRequest,
    holder: UploadID,
    form: UploadID,
    of id: UnfinishedID?
  ) async throws(UploadError) -> (key: String, path: NameBytes, claim: ObjectClaim) {
    let policy = policy(of: request)
    var number = 1
    while true {
      let path = request.path.numbered(number).bytes
      let key = try naming.key(path)
      let isReplacing = policy == .replace && number == 1
      let claim = try await storing { () async throws(S3Failure) in
        try await claims.claim(key, for: holder, of: form, isExclusive: !isReplacing, unfinished: id)
      }
      if let claim {
        if isReplacing { return (key, path, claim) }
        do throws(UploadError) {
          let old = try await storing { () async throws(S3Failure) in try await requests.head(key) }
          if number == 1 { try request.condition?.check(old?.version) }
          if old == nil { return (key, path, claim) }
        } catch {
          await claims.release(claim)
          throw error
        }
        await claims.release(claim)
      }
      guard policy != .error else { throw StorageError.nameTaken(request.path.bytes) }
      number = try await freeNumber(for: request.path, after: number, in: FormNames())
    }
  }

  /// Completes a multipart upload of which every part is accepted, and releases its claim. It cannot get another name any more:
  /// that would be a copy.
  /// - Parameter form: the names of the files of the same request.
  /// - Throws: ``UploadError``; then the caller aborts the upload.
  func complete(
    _ object: MultipartObject,
    _ parts: [S3Part],
    _ request: FinalizeRequest,
    digests: ContentDigests,
    in form: FormNames = FormNames()
  ) async throws(UploadError) -> StoredFile {
    let size = parts.reduce(0) { $0 + $1.size }
    let new = NewObject(request: request, metadata: object.metadata, size: size, digests: digests)
    let old = try await checkName(object, request)
    if old != nil { form.noteReplacing(object.key) }
    let isExclusive = object.claim.isExclusive
    do throws(S3Failure) {
      try await requests.completeMultipart(
        object.key,
        uploadID: object.uploadID,
        parts: parts,
        ifAbsent: isExclusive && capabilities.conditionalComplete
      )
    } catch {
      // The engine may have completed it, and the response was lost.
      guard error.mayHaveSucceeded, let found = try? await requests.head(object.key), new.metadata.isOwn(found),
        found.size == size
      else { throw isExclusive ? error.naming : error.storing }
    }
    let stored = try await confirm(find(object.key), object.path, new, replaced: old != nil)
    object.renewing?.cancel()
    await claims.release(object.claim)
    return stored
  }

  /// Checks, right before an upload is completed, that its name is still free, or may be replaced.
  /// - Returns: the object that it replaces.
  private func checkName(_ object: MultipartObject, _ request: FinalizeRequest) async throws(UploadError) -> S3Object? {
    guard object.claim.isExclusive else {
      let old = try await storing { () async throws(S3Failure) in try await requests.head(object.key) }
      try request.condition?.check(old?.version)
      return old
    }
    guard try await storing({ () async throws(S3Failure) in try await claims.isHeld(object.claim) }) else {
      throw UploadError(.nameTaken, "Another server has taken over the name of the file. Send the file again.")
    }
    if !capabilities.conditionalComplete {
      let old = try await storing { () async throws(S3Failure) in try await requests.head(object.key) }
      if old != nil { throw StorageError.nameTaken(object.path) }
    }
    return nil
  }

  // MARK: Confirming

  /// What is to be stored under a key.
  private struct NewObject {
    let request: FinalizeRequest
    let metadata: ObjectMetadata
    /// In bytes.
    let size: UInt64
    let digests: ContentDigests
  }

  /// An object that was stored just now.
  /// - Throws: ``UploadError`` with code `storageFailed` when it is not there.
  private func find(_ key: String) async throws(UploadError) -> S3Object {
    var found: S3Object?
    for attempt in 1...Self.confirmAttempts where found == nil {
      // Engines with several copies may need an instant.
      if attempt > 1 { try? await Task.sleep(for: .milliseconds(50 << attempt)) }
      found = try await storing { () async throws(S3Failure) in try await requests.head(key) }
    }
    guard let found else {
      throw UploadError(.storageFailed, "The object store has accepted the file, and does not have it. Send it again.")
    }
    return found
  }

  /// Checks that an object has all its bytes: some engines have reported success for empty ones.
  /// - Throws: ``UploadError`` with code `storageFailed` when it has not.
  private func confirm(
    _ found: S3Object,
    _ path: NameBytes,
    _ object: NewObject,
    replaced: Bool = false
  ) async throws(UploadError) -> StoredFile {
    let isOwn = object.metadata.isOwn(found)
    // Another upload may have replaced it already.
    if found.size != object.size, isOwn || !isReplaced(found, object) {
      if isOwn { try? await requests.delete(found.key) }
      let sizes = "\(found.size) of \(object.size) bytes"
      throw UploadError(.storageFailed, "The object store has stored only \(sizes) of the file. Send it again.")
    }
    return StoredFile(
      name: path,
      size: object.size,
      type: object.request.type,
      modified: object.request.modified ?? found.modified,
      replaced: replaced,
      digests: object.digests
    )
  }

  /// Whether an object is that of another upload which may have replaced this one.
  private func isReplaced(_ found: S3Object, _ object: NewObject) -> Bool {
    policy(of: object.request) == .replace && ObjectMetadata.hasUpload(found)
  }
}
