import Glibc
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadTrials

@Suite struct TrialWorkspaceTests {
  @Test func `unfinished uploads and clients' journals are removed with the workspace`() async throws {
    try await withTemporaryDirectory { directory in
      let workspace = try TrialWorkspace("trial", in: directory.path)
      let root = try #require(try directory.names().first)
      for path in ["uploads", "uploads/.sluice-uploads", "state", "state/sluice", "state/sluice/resume"] {
        #expect(mkdir(directory.file("\(root)/\(path)"), 0o700) == 0)
      }
      try directory.write([1], to: "\(root)/uploads/.sluice-uploads/a.part")
      try directory.write([1], to: "\(root)/state/sluice/resume/a.json")
      #expect(workspace.stored == nil)
      try directory.write([1], to: "\(root)/uploads/a.bin")
      #expect(workspace.stored == "\(workspace.uploads)/a.bin")
      workspace.remove()
      #expect(try directory.names() == [])
    }
  }

  @Test func `unfinished uploads that were there before stay, and others are removed even when files are kept`()
    async throws
  {
    try await withTemporaryDirectory { directory in
      #expect(mkdir(directory.file("uploads"), 0o700) == 0)
      let uploads = TemporaryDirectory(inside: directory.file("uploads"))
      let first = try TrialWorkspace("trial", in: directory.path, uploads: uploads.path)
      #expect(mkdir(uploads.file(".sluice-uploads"), 0o700) == 0)
      try uploads.write([1], to: ".sluice-uploads/a.part")
      first.remove(keepingFiles: true)
      #expect(try uploads.names() == [])
      #expect(mkdir(uploads.file(".sluice-uploads"), 0o700) == 0)
      try uploads.write([1], to: ".sluice-uploads/a.part")
      try TrialWorkspace("trial", in: directory.path, uploads: uploads.path).remove()
      #expect(try uploads.read(".sluice-uploads/a.part") == [1])
    }
  }
}
