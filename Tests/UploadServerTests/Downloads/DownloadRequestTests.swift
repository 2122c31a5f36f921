import HTTPTypes
import Testing
import UploadCore

@testable import UploadServer

@Suite struct DownloadRequestTests {
  private func request(_ path: String, _ method: HTTPRequest.Method = .get) -> DownloadRequest? {
    DownloadRequest(IncomingRequest(HTTPRequest(method: method, scheme: nil, authority: nil, path: path)))
  }

  @Test(
    arguments: [
      ("/files/a", "a"), ("/files/a%20b.txt?token=x", "a b.txt"), ("/files/a/b/c.bin", "a/b/c.bin"),
      ("/files/...", "..."), ("/files/%C3%BC", "ü"), ("/files/a+b", "a+b"),
    ] as [(String, NameBytes)]
  )
  func `the path of a file is decoded component by component`(path: String, expected: NameBytes) {
    #expect(request(path)?.path == expected)
    #expect(request(path, .head)?.path == expected)
    #expect(request(path, .head)?.isHead == true)
  }

  @Test func `bytes that are not UTF-8 are preserved`() {
    #expect(request("/files/%E9")?.path.bytes == [0xE9])
  }

  @Test(arguments: [
    "/", "/files", "/files/", "/files/a/", "/files//a", "/files/a//b", "/files/.", "/files/..", "/files/a/../b",
    "/files/%2e%2e/a", "/files/a%2Fb", "/files/a%00", "/files/%zz", "/healthz", "/file/a", "files/a",
    "/files/?format=tar",
  ])
  func `a path that cannot be that of a file is left to Hummingbird`(path: String) {
    #expect(request(path) == nil)
  }

  @Test func `only GET and HEAD read files`() {
    #expect(request("/files/a", .put) == nil)
    #expect(request("/files/a", .post) == nil)
  }
}
