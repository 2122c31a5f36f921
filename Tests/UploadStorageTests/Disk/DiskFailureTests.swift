import Dispatch
import Glibc
import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

@Suite struct DiskFailureTests {
  @Test(
    .enabled(if: MountedFileSystem.isPossible, Comment(rawValue: MountedFileSystem.reason)),
    arguments: [false, true]
  )
  func `a disk that fills up fails the upload, which releases everything`(hidden: Bool) async throws {
    try await MountedFileSystem.withTmpfs(size: 2 * Slab.large) { parent in
      try await withStore(in: parent) { fixture in
        fixture.directory.supportsUnnamed.store(!hidden, ordering: .relaxed)
        let probe = try await fixture.probe()
        for _ in 0..<8 { try await probe.write(SplitMix64.bytes(Slab.large)) }
        try await eventually("the failure") { try await !probe.notified.errors.isEmpty }
        try await fixture.waitUntilAllIsReleased()
        let notified = try await probe.notified
        #expect(notified.errors.map(\.code) == [.diskFull])
        let message = try #require(notified.errors.first?.message)
        #expect(!message.contains(fixture.place.path), "messages to clients name no path")
        #expect(try fixture.place.names() == [])
        #expect(probe.meter.residentBytes == 0)
        // The space is there again for the next one.
        _ = try await fixture.store(SplitMix64.bytes(Slab.large), as: "next")
        #expect(try fixture.place.names() == ["next"])
      }
    }
  }

  @Test(.enabled(if: MountedFileSystem.isPossible, Comment(rawValue: MountedFileSystem.reason)))
  func `a disk that is full at the last write fails the staging, and the delegate is notified once`() async throws {
    try await MountedFileSystem.withTmpfs(size: Slab.large) { parent in
      try await withStore(threads: 1, in: parent) { fixture in
        let probe = try await fixture.probe()
        let gate = await WorkerGate(blocking: fixture.workers, threads: 1)
        // All of it waits in the one slab that is written only at the end.
        try await probe.write(SplitMix64.bytes(Slab.small))
        try await probe.write(SplitMix64.bytes(Slab.large - 4096))
        let staged = try await probe.beginStaging()
        try fixture.place.write(SplitMix64.bytes(Slab.large / 2), to: "others")
        gate.open()
        let error = try await #require(throws: UploadError.self) { try await staged.get() }
        #expect(error.code == .diskFull)
        #expect(try await probe.notified.errors.count == 1)
        try await fixture.waitUntilAllIsReleased()
        #expect(try fixture.place.names() == ["others"])
      }
    }
  }

  @Test func `when the directory is removed, publishing a staged upload and storing a new one fail as unavailable`()
    async throws
  {
    try await withTemporaryDirectory { parent in
      try await withStore(in: parent.path) { fixture in
        let started = try await fixture.probe()
        try await started.write(SplitMix64.bytes(Slab.small))
        try await eventually("the first write") { started.meter.stored > 0 }
        try #require(rmdir(fixture.place.path) == 0)
        let staged = try await started.stage()
        let error = try await #require(throws: UploadError.self) { try await fixture.publish([staged]) }
        #expect(error.code == .directoryUnavailable)
        #expect(error.message.contains("does not exist any more"))
        #expect(!error.message.contains(fixture.place.path))
        let late = try await fixture.probe()
        try await late.write(SplitMix64.bytes(Slab.small))
        try await eventually("the failure") { try await late.notified.errors.count == 1 }
        #expect(try await late.notified.errors.first?.code == .directoryUnavailable)
        try #require(mkdir(fixture.place.path, 0o755) == 0)
      }
    }
  }

  @Test(arguments: [true, false])
  func `uploads fail while the directory is removed, and succeed once it is created again`(isUnnamed: Bool) async throws
  {
    try await withTemporaryDirectory { try await useAgain(in: $0.path, isUnnamed: isUnnamed) }
  }

  /// On tmpfs unnamed files can be created even in a removed directory.
  @Test(
    .enabled(if: MountedFileSystem.isPossible, Comment(rawValue: MountedFileSystem.reason)),
    arguments: [true, false]
  )
  func `on tmpfs uploads fail while the directory is removed, and succeed once it is created again`(isUnnamed: Bool)
    async throws
  {
    try await MountedFileSystem.withTmpfs(size: 8 * Slab.large) { try await useAgain(in: $0, isUnnamed: isUnnamed) }
  }

  private func useAgain(in parent: String, isUnnamed: Bool) async throws {
    try await withStore(durability: .full, in: parent) { fixture in
      fixture.directory.supportsUnnamed.store(isUnnamed, ordering: .relaxed)
      _ = try await fixture.store([1], as: "a")
      unlink(fixture.place.file("a"))
      try #require(rmdir(fixture.place.path) == 0)
      let late = try await fixture.probe()
      try await late.write([1])
      await #expect(throws: UploadError.self) { try await late.stage() }
      let error = try #require(try await late.notified.errors.first)
      #expect(error.code == .directoryUnavailable)
      #expect(
        error.message
          == "The upload directory does not exist any more. Create it again on the server, then send the file again."
      )
      try #require(mkdir(fixture.place.path, 0o755) == 0)
      for name in ["b", "c"] {
        _ = try await fixture.store([2, 3], as: name)
        #expect(try fixture.place.read(name) == [2, 3])
      }
      #expect(fixture.directory.supportsUnnamed.load(ordering: .relaxed) == isUnnamed)
      #expect(try await fixture.directory.snapshotNames().sorted() == ["b", "c"])
    }
  }

  @Test func `when several running writes fail the delegate is notified of one failure`() async throws {
    try await withStore(threads: 2) { fixture in
      let probe = try await fixture.probe()
      try await probe.write(SplitMix64.bytes(Slab.small))
      try await eventually("the first write") { probe.meter.stored > 0 }
      let gate = await WorkerGate(blocking: fixture.workers, threads: 2)
      try await probe.write(SplitMix64.bytes(2 * Slab.large))
      try closeForWriting(fixture)
      gate.open()
      try await eventually("the failure") { try await !probe.notified.errors.isEmpty }
      try await eventually("the budget at 0") { fixture.budget.use.used == 0 }
      #expect(try await probe.notified.errors.map(\.code) == [.storageFailed])
    }
  }

  /// Makes every further write to the fixture's one unfinished file fail: another file takes its descriptor's place,
  /// open for reading only.
  private func closeForWriting(_ fixture: StoreFixture) throws {
    let path = fixture.place.path
    let unfinished = DirectoryNames.read("/proc/self/fd").first {
      let link = linkTarget("/proc/self/fd/" + $0)
      return link.hasPrefix(path + "/") && link.hasSuffix(" (deleted)")
    }
    let descriptor = try #require(unfinished.flatMap { Int32($0) })
    let readOnly = open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer { close(readOnly) }
    try #require(dup2(readOnly, descriptor) == descriptor)
  }

  /// The check of a size that is not exact runs beside the upload.
  @Test func `a check for free space that fails while the file is being published does not fail the upload`()
    async throws
  {
    let (check, link) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    // Whether the next call is to be blocked; the first ones are those of the empty directory.
    let blocksCheck = Mutex(false)
    let blocksLink = Mutex(false)
    let isLinking = Mutex(false)
    let real = FileCalls()
    var calls = FileCalls()
    calls.freeSpace = { descriptor in
      let isBlocked = blocksCheck.withLock { blocks in
        defer { blocks = false }
        return blocks
      }
      guard isBlocked else { return real.freeSpace(descriptor) }
      check.wait()
      return 0
    }
    calls.link = { file, directory, name in
      if blocksLink.withLock({ $0 }) {
        isLinking.withLock { $0 = true }
        link.wait()
      }
      return real.link(file, directory, name)
    }
    try await withStore(threads: 2, calls: calls) { fixture in
      blocksCheck.withLock { $0 = true }
      blocksLink.withLock { $0 = true }
      let probe = try await fixture.probe(size: 4 << 20, isExact: false)
      try await probe.write([1, 2, 3])
      async let stored = probe.keep("file")
      try await eventually("the file is being named") { isLinking.withLock { $0 } }
      check.signal()
      // The other of the two threads is being used to name the file: this runs behind the check, and so does its result.
      try await fixture.workers.runIfActive(eventLoop: fixture.eventLoop) {}.get()
      link.signal()
      #expect(try await stored.size == 3)
      #expect(try await probe.notified.errors.isEmpty)
    }
  }
}
