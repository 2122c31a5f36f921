import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Faults of the disk while a complete file is given its name.
@Suite struct NamingFaultTests {
  /// Stores a file beside an existing one named "taken", and expects that this fails and leaves "taken" unchanged.
  private func expectFailure(_ disk: FaultyDisk, _ policy: DuplicatePolicy, as name: String) async throws {
    try await withStore(durability: .full, onDuplicate: policy, calls: disk.calls) { fixture in
      disk.clear()
      try fixture.place.write([9], to: "taken")
      let error = try await #require(throws: UploadError.self) { try await fixture.store([1, 2], as: name) }
      #expect(error.code == .storageFailed)
      #expect(!error.message.contains(fixture.place.path), "messages to clients name no path")
      try await fixture.waitUntilAllIsReleased()
      #expect(try fixture.place.names() == ["taken"])
      #expect(try fixture.place.read("taken") == [9])
    }
  }

  /// `true` where files have no name while they are written, `false` where they have a hidden one.
  @Test(arguments: [true, false], DuplicatePolicy.allCases)
  func `an upload whose file cannot be named fails, and existing files stay`(
    isUnnamed: Bool,
    policy: DuplicatePolicy
  ) async throws {
    let disk = FaultyDisk(sparesOpening: true) { call in
      switch call {
      case .openUnnamed: isUnnamed ? .fine : .fails(EOPNOTSUPP)
      case .link, .renameNew: .fails(EIO)
      default: .fine
      }
    }
    try await expectFailure(disk, policy, as: "new")
    #expect(disk.made.contains(isUnnamed ? .link : .renameNew))
  }

  @Test(arguments: [true, false])
  func `when the rename over an old file fails the old file stays`(isUnnamed: Bool) async throws {
    let disk = FaultyDisk { call in
      switch call {
      case .openUnnamed: isUnnamed ? .fine : .fails(EOPNOTSUPP)
      case .rename: .fails(EIO)
      default: .fine
      }
    }
    try await expectFailure(disk, .replace, as: "taken")
    #expect(disk.made.filter { $0 == .rename }.count == 1)
  }

  @Test func `a file that cannot get its hidden name leaves the old file unchanged`() async throws {
    // The first attempt finds the name taken.
    let attempts = Atomic(0)
    let disk = FaultyDisk(sparesOpening: true) { call in
      guard call == .link else { return .fine }
      return attempts.add(1, ordering: .relaxed).newValue == 2 ? .fails(EIO) : .fine
    }
    try await expectFailure(disk, .replace, as: "taken")
    #expect(disk.made.filter { $0 == .link }.count == 2)
  }

  @Test(arguments: [EINVAL, ENOSYS])
  func `where every rename overwrites, a hidden file gets a free name, and existing files stay`(number: Int32)
    async throws
  {
    let disk = FaultyDisk { call in
      switch call {
      case .openUnnamed: .fails(EOPNOTSUPP)
      case .renameNew: .fails(number)
      default: .fine
      }
    }
    try await withStore(durability: .full, calls: disk.calls) { fixture in
      try fixture.place.write([9], to: "a")
      #expect(try await fixture.store([1, 2], as: "a").name == "a (2)")
      #expect(try await fixture.store([3], as: "b").name == "b")
      #expect(try fixture.place.names() == ["a", "a (2)", "b"])
      #expect(try fixture.place.read("a") == [9])
      #expect(try fixture.place.read("a (2)") == [1, 2])
    }
  }

  @Test(arguments: [true, false])
  func `when the directory cannot be synced a file that has replaced another stays, and new names are removed`(
    isUnnamed: Bool
  )
    async throws
  {
    let disk = FaultyDisk { call in
      switch call {
      case .openUnnamed: isUnnamed ? .fine : .fails(EOPNOTSUPP)
      case .syncDirectory: .fails(EIO)
      default: .fine
      }
    }
    try await withStore(durability: .full, onDuplicate: .replace, calls: disk.calls) { fixture in
      try fixture.place.write([9], to: "taken")
      var uploads: [any StagedFile] = []
      for (name, bytes) in [("taken", [1, 2]), ("new", [3])] as [(String, [UInt8])] {
        let probe = try await fixture.probe()
        try await probe.write(bytes)
        uploads.append(try await probe.stage(name))
      }
      let error = try await #require(throws: UploadError.self) { try await fixture.publish(uploads) }
      #expect(error.code == .storageFailed)
      try await fixture.waitUntilAllIsReleased()
      #expect(try fixture.place.names() == ["taken"])
      #expect(try fixture.place.read("taken") == [1, 2])
    }
  }
}
