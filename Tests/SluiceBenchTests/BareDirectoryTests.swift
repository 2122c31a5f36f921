import Glibc
import Testing
import UploadCore
import UploadTestSupport

@testable import sluice_bench

@Suite struct BareDirectoryTests {
  @Test func `a group of files is stored under its names in several directories`() async throws {
    try await withTemporaryDirectory { directory in
      let places = try ["a", "b"].map { name in
        let path = directory.file(name)
        try check(mkdir(path, 0o700) == 0, "mkdir", .badDirectory, "Cannot create a directory")
        return try BareDirectory(path: path)
      }
      try BareDirectory.store([1, 2, 3], as: [(places[0], "x"), (places[1], "x"), (places[1], "y")])
      for name in ["a/x", "b/x", "b/y"] {
        let content = try directory.read(name)
        #expect(content == [1, 2, 3])
      }
    }
  }

  @Test func `a name that exists is an error, and the file keeps its content`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write([7], to: "x")
      let place = try BareDirectory(path: directory.path)
      #expect(throws: UploadError.self) { try BareDirectory.store([1], as: [(place, "x")]) }
      let content = try directory.read("x")
      #expect(content == [7])
    }
  }
}
