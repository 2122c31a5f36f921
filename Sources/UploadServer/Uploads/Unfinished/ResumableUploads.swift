import NIOCore
import Synchronization
import UploadCore
import UploadProtocol
import UploadStorage

/// The unfinished resumable uploads of a server, and those that finished a short time ago: one meter and one entry of
/// the ledger for each, however many requests it needs. Callable on any thread.
final class ResumableUploads: Sendable {
  /// How long the record of an upload that has finished is kept, in seconds.
  static let memory: Int64 = 600

  let store: any UnfinishedStore
  let turns = UploadTurns()
  private let ledger: UploadLedger
  let limits: UploadLimits
  private let state = Mutex(State())

  init(store: any UnfinishedStore, ledger: UploadLedger, limits: UploadLimits) {
    self.store = store
    self.ledger = ledger
    self.limits = limits
  }

  /// How many uploads no request continues now.
  var idleCount: Int { state.withLock { $0.idle } }

  /// What is known of an upload; nil for an unknown one.
  func entry(_ id: UnfinishedID) -> Entry? { state.withLock { $0.entries[id] } }

  // MARK: Beginnings

  /// Adds a new upload, which its creating request continues. Call ``UploadLedger/begin(_:)`` when it exists, or
  /// ``forget(_:)``.
  /// - Throws: ``UploadError`` with code `tooManyUnfinished` when a limit is reached.
  func add(_ record: UnfinishedRecord, on eventLoop: any EventLoop) throws(UploadError) -> UploadMeter {
    let entry = makeEntry(record, phase: .active)
    let excess = state.withLock { state -> String? in
      if state.unfinished >= limits.maxUnfinished { return "on this server (\(limits.maxUnfinished))" }
      if state.clients[record.client, default: 0] >= limits.maxUnfinishedPerClient {
        return "of this address (\(limits.maxUnfinishedPerClient))"
      }
      state.insert(entry, record.id)
      return nil
    }
    if let excess {
      let advice = "Complete or cancel one, or try again later."
      throw UploadError(.tooManyUnfinished, "There are too many unfinished uploads \(excess). \(advice)")
    }
    schedule(on: eventLoop)
    return entry.meter
  }

  /// The entry of an upload whose record was found. One that another server has created is added, beyond the limits.
  func known(_ record: UnfinishedRecord, on eventLoop: any EventLoop) -> Entry {
    if let entry = entry(record.id) {
      if entry.phase == .idle { settle(record) }
      return self.entry(record.id) ?? entry
    }
    let hasEnded = record.state != .unfinished && record.state != .publishing
    let entry = makeEntry(record, phase: hasEnded ? .ended : .idle)
    let added = state.withLock { state -> Entry in
      if let entry = state.entries[record.id] { return entry }
      state.insert(entry, record.id)
      return entry
    }
    if added.meter.id == entry.meter.id, !hasEnded {
      ledger.begin(entry.meter)
      entry.meter.interrupt(expires: ContinuousClock.Instant(secondsSince1970: record.expires))
    }
    schedule(on: eventLoop)
    return added
  }

  /// Ends an upload that another server on the directory has ended, or the store after a failure.
  private func settle(_ record: UnfinishedRecord) {
    switch record.state {
    case .unfinished, .publishing: break
    case .finished(let file): end(record.id, with: .success(file), expires: record.expires)
    case .gone: end(record.id, with: .failure(.lostUpload), expires: record.expires)
    }
  }

  /// Ends an upload of which the store has no record any more, so that it does not count for the limits.
  func lose(_ id: UnfinishedID) {
    guard let entry = entry(id), entry.phase != .active else { return }
    forget(id)
    ledger.end(entry.meter, with: .failure(.lostUpload))
  }

  private func makeEntry(_ record: UnfinishedRecord, phase: Phase) -> Entry {
    let (entry, id) = (Entry(record, phase: phase), record.id)
    entry.meter.onCancel { [weak self, weak meter = entry.meter] in
      // The upload survives the end of the program.
      if meter?.isDiscarded ?? true { self?.cancel(id) } else { _ = self?.turns.interrupt(id, .stopping) }
    }
    return entry
  }

  // MARK: Requests

  /// Notes that a request continues the upload: its meter counts on from the record's offset, and gets the length as
  /// soon as that is known.
  func activate(_ record: UnfinishedRecord) {
    change(record.id) { entry in if entry.phase == .idle { entry.phase = .active } }
    guard let meter = entry(record.id)?.meter else { return }
    if let length = record.length { meter.setSize(length) }
    meter.resume(at: record.offset)
    meter.resumeStored(at: record.offset)
    meter.endInterruption()
  }

  /// Notes that the request which has continued the upload has ended, but not the upload.
  /// - Parameter record: with the new offset and expiry.
  func interrupt(_ record: UnfinishedRecord) {
    change(record.id) { entry in
      if entry.phase == .active { entry.phase = .idle }
      (entry.expires, entry.isCompletePart) = (record.expires, record.isCompletePart)
    }
    guard let meter = entry(record.id)?.meter else { return }
    meter.resume(at: record.offset)
    meter.interrupt(expires: ContinuousClock.Instant(secondsSince1970: record.expires))
  }

  /// Notes that a request with another tree continues the upload: it counts as a file of that from now on.
  func move(_ id: UnfinishedID, to group: UploadGroup) {
    if let meter = entry(id)?.meter { ledger.move(meter, to: group) }
  }

  /// Notes how far the type detection has come.
  /// - Parameters:
  ///   - sniffer: nil once the type is known.
  ///   - inspected: how many bytes it has.
  func note(_ sniffer: MediaTypeSniffer?, of id: UnfinishedID, inspected: UInt64) {
    change(id) { ($0.sniffer, $0.inspected) = (sniffer, inspected) }
  }

  /// Notes that the upload expires later.
  func prolong(_ id: UnfinishedID, to expires: Int64) {
    change(id) { $0.expires = max($0.expires, expires) }
    if let meter = entry(id)?.meter, let interruption = meter.interruption {
      meter.interrupt(since: interruption.since, expires: ContinuousClock.Instant(secondsSince1970: expires))
    }
  }

  /// Ends the upload in the ledger; its record is still found until `expires`, unless too many others end before.
  func end(_ id: UnfinishedID, with result: Result<StoredFile, UploadError>, expires: Int64) {
    change(id) { entry in (entry.phase, entry.expires, entry.sniffer) = (.ended, expires, nil) }
    if let meter = entry(id)?.meter { ledger.end(meter, with: result) }
    let (surplus, loop) = state.withLock { ($0.noteEnded(id, limit: limits.maxUnfinished), $0.eventLoop) }
    guard let surplus, let loop else { return }
    _ = store.remove(surplus, on: loop)
  }

  /// Forgets an upload that does not exist any more, or was not created.
  func forget(_ id: UnfinishedID) {
    state.withLock { _ = $0.remove(id) }
  }

  /// Deletes the upload because a user has cancelled it: the request that continues it does, or it is done now. When the
  /// program stops instead, only the request ends.
  func cancel(_ id: UnfinishedID) {
    // The record of a finished one still heals a lost response.
    guard entry(id)?.phase != .ended, !turns.interrupt(id, .cancelled) else { return }
    guard let loop = state.withLock({ $0.isStopped ? nil : $0.eventLoop }) else { return }
    remove(id, .failure(.cancelledByServer), on: loop)
  }

  /// Deletes an upload that no request continues, and ends it in the ledger.
  private func remove(_ id: UnfinishedID, _ result: Result<StoredFile, UploadError>, on eventLoop: any EventLoop) {
    guard let meter = entry(id)?.meter else { return }
    forget(id)
    store.remove(id, on: eventLoop).whenComplete { _ in self.ledger.end(meter, with: result) }
  }

  private func change(_ id: UnfinishedID, _ body: (inout Entry) -> Void) {
    state.withLock { state in
      guard var entry = state.remove(id) else { return }
      body(&entry)
      state.insert(entry, id)
    }
  }

  // MARK: The life of the server

  /// Recovers the uploads of earlier runs. Blocks.
  /// - Parameters:
  ///   - eventLoop: where their expiry is checked.
  ///   - publish: is called for each one of which all bytes have arrived, but which is not published.
  /// - Returns: how many unfinished ones there are.
  func recover(on eventLoop: any EventLoop, _ publish: (UnfinishedID) -> Void) -> Int {
    let records = store.recover()
    for record in records { _ = known(record, on: eventLoop) }
    let count = state.withLock { $0.unfinished }
    for record in records where record.awaitsPublishing { publish(record.id) }
    return count
  }

  /// Call it when the server has stopped: nothing expires any more.
  func stop() {
    let timer = state.withLock { state in
      state.isStopped = true
      defer { state.timer = nil }
      return state.timer
    }
    timer?.cancel()
  }

  /// Checks the expiry later, if there is something to expire: at least once a minute.
  private func schedule(on eventLoop: any EventLoop) {
    let quarter = TimeAmount(limits.expireUnfinished / 4)
    let delay = min(TimeAmount.seconds(60), max(TimeAmount.milliseconds(250), quarter))
    state.withLock { state in
      guard state.timer == nil, !state.isStopped, !state.entries.isEmpty else { return }
      state.eventLoop = eventLoop
      state.timer = eventLoop.scheduleTask(in: delay) { self.expire(on: eventLoop) }
    }
  }

  /// Deletes what has expired and has no request now.
  private func expire(on eventLoop: any EventLoop) {
    let now = CurrentTime.seconds
    let (expired, aging) = state.withLock { state in
      state.timer = nil
      let aging = state.entries.filter { $0.value.phase == .active && limits.isAging($0.value.expires, at: now) }
      return (state.entries.filter { $0.value.phase != .active && $0.value.expires <= now }.keys, aging.keys)
    }
    // Of a request that takes longer than the lifetime, the next start must find an upload that has not expired.
    for id in aging {
      let expires = limits.expiry(after: now)
      store.update(id, on: eventLoop) { $0.expires = max($0.expires, expires) }
        .whenSuccess { _ in self.prolong(id, to: expires) }
    }
    for id in expired where !turns.isTaken(id) {
      // Another server on the same directory may have continued it.
      store.find(id, on: eventLoop).whenSuccess { record in
        if let record, record.expires > now {
          self.prolong(id, to: record.expires)
        } else {
          self.expire(id, on: eventLoop)
        }
      }
    }
    schedule(on: eventLoop)
  }

  private func expire(_ id: UnfinishedID, on eventLoop: any EventLoop) {
    guard let entry = entry(id), entry.phase != .active, !turns.isTaken(id) else { return }
    let error =
      entry.isCompletePart
      ? UploadError(.cancelled, "The part has expired.")
      : UploadError(.uploadGone, "The unfinished upload has expired: no request has continued it in time.")
    remove(id, .failure(error), on: eventLoop)
  }
}
