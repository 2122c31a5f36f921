import UploadCore
import UploadStorage

/// The right of this process to append to one unfinished upload: renews the object that says so, and notes there what is stored.
///
/// One request writes the object at a time. Changes that are made meanwhile are written together by the next one.
actor UploadLease: PartLog {
  static let busy = UploadError(.tooManyUploads, "Another server is receiving this upload. Try again later.")
  static let lost = UploadError(
    .tooManyUploads,
    "Another server has taken over this upload. Ask for its offset, and continue it there."
  )

  nonisolated let id: UnfinishedID
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
  init(_ id: UnfinishedID, number: Int, _ content: StoredContent, in objects: UnfinishedObjects) {
    (self.id, self.number, self.content, self.objects) = (id, number, content, objects)
    machine = LeaseStateMachine(at: objects.requests.engineTime)
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
  private var isHeld: Bool { machine.step(at: objects.requests.engineTime) != .stop }

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
      if machine.step(at: objects.requests.engineTime, isFinal: isFinal) == .verify { try await verify() }
      guard machine.step(at: objects.requests.engineTime) != .stop else { throw Self.lost }
      let version = version
      try await objects.replace(content, UnfinishedPart(id: id, kind: .lease(number)))
      // What the server that has taken over has not read does not count.
      if machine.wrote(at: objects.requests.engineTime) { try await verify() }
      guard !machine.isLost else { throw Self.lost }
      written = version
      return .success(())
    } catch {
      return .failure(error)
    }
  }

  private func verify() async throws(UploadError) {
    let isSuperseded = try await objects.exists(UnfinishedPart(id: id, kind: .lease(number + 1)))
    machine.verified(isSuperseded: isSuperseded, at: objects.requests.engineTime)
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
