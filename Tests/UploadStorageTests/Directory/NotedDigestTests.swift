import CLinux
import Glibc
import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

@Suite struct NotedDigestTests {
  private func setTime(_ path: String, _ status: inout stat, seconds: Int64 = 0, nanoseconds: Int64 = 0) throws {
    let (modified, rest) = (clinux_modified_seconds(&status), clinux_modified_nanoseconds(&status))
    let time = timespec(tv_sec: Int(modified + seconds), tv_nsec: Int(rest + nanoseconds))
    try #require(utimensat(AT_FDCWD, path, [time, time], 0) == 0)
  }

  @Test func `the noted digest of a file is used only while size and modification time are the noted ones`()
    async throws
  {
    try await withStore { fixture in
      let path = fixture.place.file("a")
      guard Descriptors.takesAttributes(fixture.place.file("probe")) else { return }
      let bytes = SplitMix64.bytes(5000)
      let probe = try await SinkProbe(
        fixture.store,
        size: 5000,
        isExact: true,
        hash: TestHash(),
        on: fixture.eventLoop
      )
      try await probe.write(bytes)
      _ = try await fixture.publish([probe.beginStaging(FinalizeRequest(path: FilePath("a"))).get()])
      let digest = { fixture.directory.reader.open("a")?.file.digests.sha256 }
      #expect(digest() == TestHash.of(bytes).sha256)
      var status = stat()
      try #require(stat(path, &status) == 0)
      // Another content of the same length within the second.
      let step: Int64 = clinux_modified_nanoseconds(&status) > 0 ? -1 : 1
      try setTime(path, &status, nanoseconds: step)
      #expect(digest() == nil)
      try setTime(path, &status)
      #expect(digest() == TestHash.of(bytes).sha256)
      try setTime(path, &status, seconds: 1)
      #expect(digest() == nil)
      // Longer, with the time of before.
      try fixture.place.write(bytes + [1], to: "a")
      try setTime(path, &status)
      #expect(digest() == nil)
    }
  }

  @Test(arguments: [
    "", "ab", String(repeating: "a", count: 64), String(repeating: "a", count: 64) + " 1 2",
    String(repeating: "a", count: 64) + " 1 2 x", String(repeating: "a", count: 63) + " 1 2 3",
    String(repeating: "a", count: 64) + " -1 2 3", String(repeating: "a", count: 64) + " 1 2 3 4",
    String(repeating: "a", count: 64) + " 1 2 4", String(repeating: "a", count: 64) + "  1 2 3",
  ])
  func `a note other than a digest with the size and time of the content counts as no digest`(text: String) {
    let content = ContentVersion(size: 1, seconds: 2, nanoseconds: 3)
    #expect(FileAttributes.sha256(in: text, of: content) == nil)
    #expect(FileAttributes.sha256(in: String(repeating: "a", count: 64) + " 1 2 3", of: content) != nil)
  }

  @Test func `a noted digest is read back for the same size and time`() {
    let content = ContentVersion(size: .max, seconds: -1, nanoseconds: 999_999_999)
    let note = FileAttributes.note(of: Array(0..<32), content)
    #expect(FileAttributes.sha256(in: note, of: content) == Array(0..<32))
  }
}
