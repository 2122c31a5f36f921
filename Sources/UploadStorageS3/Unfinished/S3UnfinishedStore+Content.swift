import NIOCore
import UploadCore
import UploadStorage

/// An upload that this process may append to.
struct OpenedUpload: Sendable {
  /// Its right to append.
  let lease: UploadLease
  /// How the content is divided.
  let plan: PartPlan
  /// Marks the object as this upload's.
  let holder: UploadID
  /// What is stored.
  let stored: StoredContent.Stored
  /// Of the bytes in full parts.
  let hash: ResumableHash
  /// The multipart upload; nil where it has not begun.
  let object: MultipartObject?
  /// The full parts that the engine has.
  let parts: [S3Part]
}

extension S3UnfinishedStore {
  /// The error for a request to an upload whose bytes are lost.
  static let gone = UploadError(
    .uploadGone,
    "The upload does not exist any more, or not all of its bytes. Send the file again from its start."
  )
  /// The error for a request that has an older offset.
  static let isLongerElsewhere = UploadError(
    .offsetMismatch,
    "Another server has received more of this upload. Ask for its offset again."
  )

  // MARK: What is stored

  /// The record of an upload with the offset that may be announced now.
  func current(_ found: UnfinishedObjects.Found) async throws(UploadError) -> UnfinishedRecord {
    var record = found.record
    guard record.state == .unfinished, let lease = found.lease else { return record }
    if let publication = lease.content.publication {
      if publication.isDone { return record.finished(publication.file) }
      if lease.seen.isLiving(at: now) {
        (record.state, record.offset, record.length) = (.publishing, publication.size, publication.size)
        return record
      }
      if let file = try await published(publication, lease.content) {
        await note(file, lease, record.id)
        return record.finished(file)
      }
    }
    guard let stored = try await self.stored(lease)?.stored else {
      return await markGone(record)
    }
    record.offset = stored.offset
    return record
  }

  /// Notes that the bytes of an upload are lost. A failure is ignored: the next request finds it out again.
  private func markGone(_ record: UnfinishedRecord) async -> UnfinishedRecord {
    var gone = record
    (gone.state, gone.offset) = (.gone, 0)
    let written = gone
    try? await fetching { () async throws(S3Failure) in try await objects.write(written) }
    try? await deleteContent(of: record.id)
    return gone
  }

  /// The bytes that can be continued, and the parts of the engine where these were listed.
  /// - Returns: nil where another program has aborted the multipart upload.
  private func stored(
    _ lease: UnfinishedObjects.Lease,
    listing: Bool = false
  ) async throws(UploadError) -> (stored: StoredContent.Stored, parts: [S3Part])? {
    guard let object = lease.content.object else { return (lease.content.stored([]), []) }
    // The holder of a released lease has noted what the engine has.
    if lease.seen.isReleased, !listing { return (lease.content.stored(nil), []) }
    do throws(S3Failure) {
      let parts = try await parts.requests.listParts(object.key, uploadID: object.uploadID)
      return (lease.content.stored(parts), parts)
    } catch {
      guard error.kind == .noKey else { throw error.uploadError }
      return nil
    }
  }

  /// The file of an upload that was being published when its server stopped; nil where it is not there.
  private func published(
    _ publication: StoredContent.Publication,
    _ content: StoredContent
  ) async throws(UploadError) -> StoredFile? {
    guard let holder = UploadID(content.holder) else { return nil }
    let metadata = ObjectMetadata(type: nil, modified: nil, sha256: nil, upload: holder)
    func file(_ key: String, _ path: NameBytes) async throws(UploadError) -> (file: StoredFile?, exists: Bool) {
      guard let object = try await fetching({ () async throws(S3Failure) in try await parts.requests.head(key) }) else {
        return (nil, false)
      }
      guard metadata.isOwn(object), object.size == publication.size else { return (nil, true) }
      var done = publication
      done.finish(object.file(path))
      return (done.file, true)
    }
    if let object = content.object { return try await file(object.key, NameBytes(lossless: object.path)).file }
    guard let path = try? FilePath(NameBytes(lossless: publication.path)) else { return nil }
    // It may have got a number.
    for number in 1...Self.mostNumbers {
      let name = path.numbered(number).bytes
      guard let key = try? parts.publisher.naming.key(name) else { return nil }
      let found = try await file(key, name)
      if let file = found.file { return file }
      guard found.exists else { return nil }
    }
    return nil
  }

  /// How many numbers of a name are looked at.
  private static var mostNumbers: Int { 16 }

  /// Notes that a file is published. A failure is ignored: the next request finds it again.
  private func note(_ file: StoredFile, _ lease: UnfinishedObjects.Lease, _ id: UnfinishedID) async {
    var content = lease.content
    content.publication?.finish(file)
    content.end()
    let (ended, part) = (content, UnfinishedPart(id: id, kind: .lease(lease.seen.number)))
    try? await objects.replace(ended, part)
    if let tail = lease.content.tail { deleteLater([UnfinishedPart(id: id, kind: .tail(tail.number))]) }
    guard let object = lease.content.object, let holder = UploadID(content.holder) else { return }
    await release(object, of: id, holder)
  }

  // MARK: Appending

  /// Creates the lease for a request that appends.
  /// - Parameters:
  ///   - record: as the request found it.
  ///   - hash: as the request wants it, without bytes.
  /// - Throws: ``UploadError``: with code `offsetMismatch` where the upload has another offset now, `tooManyUploads` where
  ///   another server is appending to it, `uploadGone` where it does not exist any more.
  func open(_ record: UnfinishedRecord, hash: (any ContentHash)?) async throws(UploadError) -> OpenedUpload {
    let id = record.id
    guard let found = try await fetching({ () async throws(S3Failure) in try await objects.find(id) }),
      found.record.state == .unfinished
    else { throw Self.gone }
    let number: Int
    switch LeaseStateMachine.decide(found.lease?.seen, at: now) {
    case .busy: throw UploadLease.busy
    case .create(let next): number = next
    }
    var content: StoredContent
    var (stored, parts): (StoredContent.Stored, [S3Part]) = (StoredContent.Stored(), [])
    if let lease = found.lease {
      if let publication = lease.content.publication {
        guard !publication.isDone, try await published(publication, lease.content) == nil else {
          throw Self.isLongerElsewhere
        }
      }
      guard let current = try await self.stored(lease, listing: true) else {
        _ = await markGone(found.record)
        throw Self.gone
      }
      (stored, parts) = (current.stored, Array(current.parts.prefix(current.stored.parts)))
      content = lease.content
    } else {
      let plan = try PartPlan(size: record.length, chosen: self.parts.partSize)
      content = StoredContent(holder: UploadID(), partSize: plan.partSize)
    }
    guard stored.offset == record.offset else { throw Self.isLongerElsewhere }
    content.begin(stored)
    guard let plan = PartPlan(partSize: content.partSize), let holder = UploadID(content.holder) else {
      throw Self.gone
    }
    let (begun, part, start) = (content, UnfinishedPart(id: id, kind: .lease(number)), now)
    guard try await storing({ () async throws(S3Failure) in try await objects.create(begun, part) }) else {
      throw UploadLease.busy
    }
    try await checkExpired(found.lease, of: id, before: part)
    let last = found.lease.map { UnfinishedPart(id: id, kind: .lease($0.seen.number)) }
    deleteLater(found.others + [last].compactMap { $0 }, but: stored)
    return OpenedUpload(
      lease: UploadLease(id, number: number, content, in: objects, at: start),
      plan: plan,
      holder: holder,
      stored: stored,
      hash: resumed(hash, stored, id),
      object: content.object.map { $0.object(holder: holder, claim: claim($0, of: id, holder)) },
      parts: parts
    )
  }

  /// Checks that the holder of a lease which seemed to have expired has not written it since it was read: what it has noted
  /// would be lost. A holder that writes later finds the next lease.
  private func checkExpired(
    _ lease: UnfinishedObjects.Lease?,
    of id: UnfinishedID,
    before next: UnfinishedPart
  ) async throws(UploadError) {
    guard let lease, !lease.seen.isReleased else { return }
    let (part, number) = (UnfinishedPart(id: id, kind: .lease(lease.seen.number)), lease.seen.number)
    let latest = try await fetching { () async throws(S3Failure) in try await objects.lease(part, number) }
    guard let latest, latest.content != lease.content else { return }
    try await fetching { () async throws(S3Failure) in try await objects.delete(next) }
    throw UploadLease.busy
  }

  private func claim(_ object: StoredContent.Multipart, of id: UnfinishedID, _ holder: UploadID) -> ObjectClaim {
    claims.adopt(object.claim(of: id, holder: holder), isExclusive: object.isExclusive)
  }

  /// The hash of the bytes in full parts, with the digests that the request wants as far as this process knows them.
  private func resumed(
    _ hash: (any ContentHash)?,
    _ stored: StoredContent.Stored,
    _ id: UnfinishedID
  ) -> ResumableHash {
    guard stored.parts > 0 else {
      hashes.remember(nil, for: id)
      return ResumableHash(requested: hash)
    }
    if let hash, let known = hashes.remove(id, base: stored.hash.length, like: hash)?.hash as? ResumableHash,
      known.sha256.saved == stored.hash.saved
    {
      return known
    }
    return ResumableHash(stored.hash, requested: nil)
  }

  // MARK: The end of a request

  /// Ends a request: stores the bytes behind the last part, and notes the offset.
  func suspend(_ opened: OpenedUpload, rest: SpooledPart?, at offset: UInt64) async throws(UploadError) {
    let (id, old) = (opened.lease.id, opened.stored.tail)
    let start = offset - min(offset, rest?.size ?? 0)
    let parts = Int(clamping: start / opened.plan.partSize)
    var tail = old
    if offset != opened.stored.offset {
      tail = nil
      if let rest, rest.size > 0 {
        let part = UnfinishedPart(id: id, kind: .tail(opened.lease.number))
        do throws(S3Failure) {
          try await objects.write(rest, to: part)
        } catch {
          try? await opened.lease.release { $0.keep(parts: parts) }
          throw error.storing
        }
        tail = StoredContent.Tail(number: opened.lease.number, start: start, size: rest.size)
      }
    }
    let new = tail
    try await opened.lease.release { content in
      content.tail = new
      content.keep(parts: parts)
    }
    noteOffset(offset, of: id)
    if let old, old != new { deleteLater([UnfinishedPart(id: id, kind: .tail(old.number))]) }
  }

  /// Ends a request that has failed, with the parts that the engine has.
  func release(_ opened: OpenedUpload, _ accepted: [S3Part]) async {
    let size = opened.plan.partSize
    let parts = StoredContent.contiguous(accepted.sorted { $0.number < $1.number }, of: size)
    // Where it fails, other servers wait until the lease has expired.
    try? await opened.lease.release { $0.keep(parts: parts) }
  }

  /// Publishes a file that is complete, and notes that.
  func publish(
    _ content: StagedObject.Content,
    _ request: FinalizeRequest,
    size: UInt64,
    digests: ContentDigests,
    of opened: OpenedUpload
  ) async throws(UploadError) -> StoredFile {
    let publication = StoredContent.Publication(request, size: size, digests: digests)
    do throws(UploadError) {
      try await opened.lease.change(isFinal: true) { $0.publication = publication }
      let file: StoredFile
      switch content {
      case .spooled(let part):
        let (body, publisher) = (part.body, parts.publisher)
        file = try await publisher.put(body, request, digests: digests, upload: opened.holder).file
      case .parts(let object, let list):
        file = try await parts.publisher.complete(object, list, request, digests: digests)
      }
      try? await opened.lease.release { content in
        content.publication?.finish(file)
        content.end()
      }
      forget(opened.lease.id)
      if let tail = opened.stored.tail { deleteLater([UnfinishedPart(id: opened.lease.id, kind: .tail(tail.number))]) }
      return file
    } catch {
      // Whether it has been published after all is found out by the next request.
      if case .parts(_, let list) = content { await release(opened, list) } else { await release(opened, []) }
      throw error
    }
  }

  // MARK: Deleting

  /// Deletes objects that are not needed any more, except the tail that is. Does not wait for it.
  private func deleteLater(_ unneeded: [UnfinishedPart], but stored: StoredContent.Stored? = nil) {
    let kept = stored?.tail.map { UnfinishedPart.Kind.tail($0.number) }
    // A lease is deleted before the one that follows it, for which its holder looks.
    let unneeded = unneeded.filter { $0.kind != kept }.sorted { ($0.leaseNumber ?? 0) < ($1.leaseNumber ?? 0) }
    guard !unneeded.isEmpty else { return }
    parts.cleanup.begin { [objects] in
      // What is left then is deleted by the next request.
      for part in unneeded { guard (try? await objects.delete(part)) != nil else { return } }
    }
  }

  /// Aborts the multipart upload of an upload and deletes its bytes, but not its record.
  func deleteContent(of id: UnfinishedID) async throws(UploadError) {
    forget(id)
    try await fetching { () async throws(S3Failure) in
      let names = try await objects.list(id)
      if let number = names.compactMap(\.leaseNumber).max(),
        let content = try await objects.lease(UnfinishedPart(id: id, kind: .lease(number)), number)?.content,
        let object = content.object, let holder = UploadID(content.holder)
      {
        try await parts.requests.abortMultipart(object.key, uploadID: object.uploadID)
        await release(object, of: id, holder)
      }
      for part in names where part.kind != .record { try await objects.delete(part) }
    }
  }

  /// Deletes an upload. Several servers may do that at once.
  func remove(_ id: UnfinishedID) async throws(UploadError) {
    try await deleteContent(of: id)
    try await fetching { () async throws(S3Failure) in try await objects.delete(UnfinishedPart(id: id, kind: .record)) }
  }

  private func release(_ object: StoredContent.Multipart, of id: UnfinishedID, _ holder: UploadID) async {
    await claims.release(claim(object, of: id, holder))
  }
}

extension UnfinishedRecord {
  fileprivate func finished(_ file: StoredFile) -> UnfinishedRecord {
    var record = self
    (record.state, record.offset, record.length) = (.finished(file), file.size, file.size)
    return record
  }
}

extension StoredContent {
  /// A new writer continues what is stored.
  fileprivate mutating func begin(_ stored: Stored) {
    (writer, isReleased, publication, tail) = (UploadID().description, false, nil, stored.tail)
    checkpoints = stored.parts > 0 ? checkpoints.filter { $0.parts == stored.parts } : []
  }

  /// Nothing but the published file is left.
  fileprivate mutating func end() { (object, checkpoints, tail, isReleased) = (nil, [], nil, true) }
}
