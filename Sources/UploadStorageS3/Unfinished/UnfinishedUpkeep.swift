import UploadCore
import UploadStorage

/// What is done about all unfinished uploads together: when a server starts, and from time to time.
extension S3UnfinishedStore {
  /// How long a start waits for the records of uploads. Those that are not read by then are found when they are asked for.
  private static var recoveryTime: Duration { .seconds(5) }
  private static var mostRecovered: Int { 1_000 }
  private static var readsAtOnce: Int { 16 }
  /// How long after its expiry an upload is deleted that no server has deleted itself, in seconds.
  private static var sweepDelay: Int64 { 60 }

  /// The records of uploads that no server appends to now.
  func recoverRecords() async -> [UnfinishedRecord] {
    let deadline = ContinuousClock.now + Self.recoveryTime
    var ids: [UnfinishedID] = []
    // Without the engine there is nothing to recover; requests report why it does not respond.
    try? await forEach { group throws(UploadError) in
      if group.hasRecord { ids.append(group.id) }
      return ids.count < Self.mostRecovered && .now < deadline
    }
    return await withTaskGroup(of: UnfinishedRecord?.self) { tasks in
      var (records, left): ([UnfinishedRecord], ArraySlice<UnfinishedID>) = ([], ids[...])
      func begin() {
        guard .now < deadline, let id = left.popFirst() else { return }
        tasks.addTask { [self] in await recovered(id) }
      }
      for _ in 0..<Self.readsAtOnce { begin() }
      while let record = await tasks.next() {
        if let record { records.append(record) }
        begin()
      }
      return records
    }
  }

  private func recovered(_ id: UnfinishedID) async -> UnfinishedRecord? {
    guard let found = try? await objects.find(id), found.lease?.seen.isLiving(at: now) != true,
      found.record.expires > now, let record = try? await current(found), record.state != .gone
    else { return nil }
    return record
  }

  /// Deletes uploads that have expired, and objects that belong to none.
  /// - Returns: how many were deleted.
  /// - Throws: ``UploadError``; then some may be left.
  func sweep() async throws(UploadError) -> Int {
    var count = 0
    try await forEach { group throws(UploadError) in
      do throws(UploadError) {
        guard try await isUnneeded(group) else { return true }
        try await remove(group.id)
        count += 1
      } catch {
        // One that is too long to be read must not keep the others from being deleted.
        guard error.code == .storageFailed else { throw error }
      }
      return true
    }
    return count
  }

  private func isUnneeded(_ group: Group) async throws(UploadError) -> Bool {
    let isOld = now - group.modified > ObjectClaims.expiry
    guard group.hasRecord else { return isOld }
    guard let record = try await fetching({ () async throws(S3Failure) in try await objects.record(group.id) }) else {
      return isOld
    }
    guard record.expires < now - Self.sweepDelay else { return false }
    let newest = try await fetching { () async throws(S3Failure) -> UnfinishedObjects.Lease? in
      guard let number = try await objects.list(group.id).compactMap(\.leaseNumber).max() else { return nil }
      return try await objects.lease(UnfinishedPart(id: group.id, kind: .lease(number)), number)
    }
    return newest?.seen.isLiving(at: now) != true
  }

  // MARK: Listing

  /// The objects of one upload.
  private struct Group {
    let id: UnfinishedID
    var hasRecord = false
    /// When the newest was stored, in seconds since 1970.
    var modified: Int64 = 0
  }

  /// Calls `body` with each upload until it returns false. Only one page of the list is in memory.
  private func forEach(_ body: (Group) async throws(UploadError) -> Bool) async throws(UploadError) {
    var (group, continuation): (Group?, String?) = (nil, nil)
    repeat {
      let page = try await fetching { [continuation] () async throws(S3Failure) in
        try await parts.requests.list(prefix: objects.naming.uploads, delimiter: nil, continuation: continuation)
      }
      for object in page.objects {
        guard let part = objects.naming.part(ofKey: object.key) else { continue }
        if let last = group, last.id != part.id {
          guard try await body(last) else { return }
          group = nil
        }
        var current = group ?? Group(id: part.id)
        current.hasRecord = current.hasRecord || part.kind == .record
        current.modified = max(current.modified, object.modified)
        group = current
      }
      continuation = page.continuation
    } while continuation != nil
    if let group { _ = try await body(group) }
  }
}
