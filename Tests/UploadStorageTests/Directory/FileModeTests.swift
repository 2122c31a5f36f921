import Glibc
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

@Suite struct FileModeTests {
  @Test(
    arguments: [("640", 0o640), ("0640", 0o640), ("600", 0o600), ("666", 0o666), ("0444", 0o444), ("400", 0o400)]
      as [(String, UInt32)]
  )
  func `an octal mode of read and write bits is accepted when the owner may read`(text: String, bits: UInt32) throws {
    let mode = try FileMode(octal: text)
    #expect(mode.bits == bits)
    #expect(try FileMode(octal: mode.description) == mode)
  }

  @Test(arguments: [
    "", "6", "64", "06440", "abc", "0o640", "+640", "-640", "648", "u+rw", "755", "641", "4644", "1644", "2640", "000",
    "200", "066", "6 4", "６４０",
  ])
  func `a mode that is not octal, has bits beyond read and write or is unreadable to its owner is rejected`(
    text: String
  ) throws {
    let error = try #require(throws: UploadError.self) { try FileMode(octal: text) }
    #expect(error.code == .badValue)
  }

  @Test(arguments: [true, false], ["640", "444", "666"])
  func `stored files get exactly the chosen mode`(isHidden: Bool, text: String) async throws {
    try await withTemporaryDirectory { place in
      let mode = try FileMode(octal: text)
      let disk = FaultyDisk { call in isHidden && call == .openUnnamed ? .fails(EOPNOTSUPP) : .fine }
      let directory = try UploadDirectory(path: place.path, calls: disk.calls, fileMode: mode)
      let file = try directory.createPartial()
      #expect((file.hiddenName != nil) == isHidden)
      FileAttributes(descriptor: file.descriptor).note(type: "a/b", sha256: nil)
      try file.applyMode()
      let upload = StagedDiskFile(FinalizeRequest(path: try FilePath("a")), file)
      _ = try directory.publish([upload], .init(durability: .full, onDuplicate: .rename))
      #expect(try Self.permissions(place.file("a")) == mode.bits)
    }
  }

  /// Unnamed and hidden files are created with 0666, from which the kernel subtracts the umask. The umask belongs to
  /// the whole process, so the test does not change it.
  @Test(arguments: [true, false])
  func `without a chosen mode files are created with 0666 less the umask`(isHidden: Bool) async throws {
    try await withTemporaryDirectory { place in
      try place.write([1], to: "umask")
      let plain = open(place.file("plain"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
      try #require(plain >= 0)
      close(plain)
      let directory = try UploadDirectory(path: place.path)
      let file = try isHidden ? directory.createHidden() : directory.createPartial()
      var status = stat()
      try #require(fstat(file.descriptor, &status) == 0)
      #expect(status.st_mode & 0o7777 == (try Self.permissions(place.file("plain"))))
    }
  }

  @Test func `a directory whose file system rejects the chosen mode is rejected when it is opened`() async throws {
    try await withTemporaryDirectory { place in
      let mode = try FileMode(octal: "640")
      let disk = FaultyDisk { $0 == .setMode(0o640) ? .fails(EPERM) : .fine }
      let error = try #require(throws: UploadError.self) {
        try UploadDirectory(path: place.path, calls: disk.calls, fileMode: mode)
      }
      #expect(error.code == .badDirectory)
      #expect(error.message.contains("does not support mode 640") && error.message.contains("--file-mode"))
      #expect(try place.names() == [])
    }
  }

  private static func permissions(_ path: String) throws -> UInt32 {
    var status = stat()
    try #require(stat(path, &status) == 0)
    return status.st_mode & 0o7777
  }
}
