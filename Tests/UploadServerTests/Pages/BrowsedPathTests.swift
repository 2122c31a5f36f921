import Testing
import UploadCore

@testable import UploadServer

@Suite struct BrowsedPathTests {
  @Test(arguments: [
    ("/files", "", true), ("/files/", "", true), ("/files/a", "a", false), ("/files/a/b%20c/", "a/b c", true),
    ("/files/%E9/%FF", #"\xE9/\xFF"#, false), ("/files/a+b", "a+b", false), ("/files/...", "...", false),
  ])
  func `a path names a file, or a directory by a slash at its end`(text: String, path: String, isDirectory: Bool) throws
  {
    let found = try #require(try BrowsedPath(text))
    #expect(found.path.description == path && found.isDirectory == isDirectory)
  }

  @Test(arguments: [
    "/files//", "/files/a//b", "/files/..", "/files/../a", "/files/%2e%2e/a", "/files/a/./b", "/files/a%2Fb",
    "/files/..%2Fa", "/files/a%00", "/files/.sluice-uploads/a", "/files/.SLUICE-uploads/", "/files/.sluice-x.part",
  ])
  func `nothing can have a path that leads out, or through a name of the store's own`(text: String) throws {
    #expect(try BrowsedPath(text) == nil)
  }

  @Test func `a malformed escape is rejected`() {
    let error = #expect(throws: UploadError.self) { try BrowsedPath("/files/a/%zz") }
    #expect(error?.code == .badRequest)
  }
}
