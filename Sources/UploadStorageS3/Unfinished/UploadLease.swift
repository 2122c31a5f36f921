import UploadCore
import UploadStorage

/// The right of this process to append to one unfinished upload: renews the object that says so, and notes there what is stored.
///
/// One request writes the object at a time. Changes that are made meanwhile are written together by the next one.
actor UploadLease: PartLog {
  /// The error for a request to an upload that another server receives.
  static let busy = UploadError(.tooManyUploads, "Another server is receiving this upload. Try again later.")
  /// The error for a request that continues after another server has taken over.
  static let lost = UploadError(
    .tooManyUploads,
    "Another server has taken over this upload. Ask for its offset, and continue it there."
  )

  /// Of the upload.
  nonisolated let id: UnfinishedID
  /// Of the lease.
  nonisolated let number: Int
  private let objects: UnfinishedObjects
  private var content: StoredContent
  private var machine: LeaseStateMachine
  private var version = 0
  /// The version of the content that the object has.
  private var written = 0
  private var writing: Task<Result<Void, UploadError>, Never>?
  private var renewing: Task<Void, Never>?

  /// A lease that was created just now.
  /// - Parameter time: when that began, by the engine's clock.
  init(_ id: UnfinishedID, number: Int, _ content: StoredContent, in objects: UnfinishedObjects, at time: Int64) {
    (self.id, self.number, self.content, self.objects) = (id, number, content, objects)
    machine = LeaseStateMachine(at: time)
  }

  deinit {
    renewing?.cancel()
  }

  /// Renews the lease until it is released.
  /// - Parameter onLoss: called when another server has taken it over.
  func renew(onLoss: @escaping @Sendable (UploadError) -> Void) {
    let interval = Duration.seconds(LeaseStateMachine.renewal)
    renewing = Task { [weak self] in
      while (try? await Task.sleep(for: interval)) != nil {
        guard let self, await self.isHeld else { return }
        // Where the engine does not respond, the next attempt may succeed.
        try? await change { _ in }
        if await isLost { return onLoss(Self.lost) }
      }
    }
  }

  private var isLost: Bool { machine.isLost }
  private var isHeld: Bool { machine.step(at: now) != .stop }
  /// The engine's clock, in seconds since 1970.
  private var now: Int64 { objects.requests.engineTime }

  // MARK: Changes

  func noteBegun(_ object: MultipartObject) async throws(UploadError) {
    try await change { $0.object = StoredContent.Multipart(object) }
  }

  /// Notes a full part, which is about to be sent.
  func noteFull(_ part: SpooledPart) async throws(UploadError) {
    // The last part of a file is rarely full, and has no hash: nothing continues behind it.
    let hash = (part.hashAtEnd as? ResumableHash)?.sha256
    try await change { if let hash { $0.note(hash, parts: part.number) } }
  }

  /// Changes the content, and returns when the object says so.
  /// - Parameter isFinal: whether to make sure first that no other server has taken over.
  /// - Throws: ``UploadError``; then the change may be written later.
  func change(
    isFinal: Bool = false,
    _ body: @Sendable (inout StoredContent) -> Void
  ) async throws(UploadError) {
    body(&content)
    version += 1
    let own = version
    var mustVerify = isFinal
    while written < own || mustVerify {
      if let writing {
        _ = await writing.value
        continue
      }
      let isFinal = mustVerify
      let task = Task { await self.write(isFinal: isFinal) }
      writing = task
      try await task.value.get()
      mustVerify = false
    }
  }

  private func write(isFinal: Bool) async -> Result<Void, UploadError> {
    // Here, not by the one who waits for it: another one that waits may be resumed first.
    defer { writing = nil }
    do throws(UploadError) {
      if machine.step(at: now, isFinal: isFinal) == .verify { try await verify() }
      guard machine.step(at: now) != .stop else { throw Self.lost }
      // It is valid from the time at which the engine stores it, which is not known more exactly.
      let (version, start) = (version, now)
      try await objects.replace(content, UnfinishedPart(id: id, kind: .lease(number)))
      // What the server that has taken over has not read does not count.
      if machine.wrote(from: start, to: now) { try await verify(wasLate: true) }
      guard !machine.isLost else { throw Self.lost }
      written = version
      return .success(())
    } catch {
      return .failure(error)
    }
  }

  /// - Parameter wasLate: as in ``UnfinishedObjects/isTakenOver(_:number:writer:wasLate:)``.
  private func verify(wasLate: Bool = false) async throws(UploadError) {
    let (start, writer) = (now, content.writer)
    let isSuperseded = try await objects.isTakenOver(id, number: number, writer: writer, wasLate: wasLate)
    machine.verified(isSuperseded: isSuperseded, at: start)
  }

  /// Ends the lease: other servers may append to the upload at once.
  func release(_ body: @Sendable (inout StoredContent) -> Void) async throws(UploadError) {
    renewing?.cancel()
    defer { machine.release() }
    try await change { content in
      body(&content)
      content.isReleased = true
    }
  }
}
