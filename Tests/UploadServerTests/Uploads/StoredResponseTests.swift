import HTTPTypes
import NIOCore
import Testing
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// The response that is written without values of its fields is that of the usual way.
@Suite struct StoredResponseTests {
  private func request(_ target: String) -> CurrentRequest {
    let head = HTTPRequest(method: .put, scheme: nil, authority: "localhost", path: target)
    return CurrentRequest(
      IncomingRequest(head),
      client: ClientAddress(nil),
      host: nil,
      allowedOrigin: nil,
      PathRules(),
      keepsUnfinished: true
    )
  }

  /// A response with its `Date` replaced: a second may pass between two.
  private func text(_ bytes: ByteBuffer) -> [String] {
    String(buffer: bytes).split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init).map {
      $0.hasPrefix("Date: ") ? "Date" : $0
    }
  }

  @Test(arguments: [
    ("/a.bin", "a.bin"), ("/dir/sub/a%20b", "dir/sub/a b"), ("/files/x", "x"), ("/q", "a\"b\\c"), ("/n", "a\nb"),
    ("/%C3%A9", "é"), ("/u", "\u{202E}exe"), ("/e", "\u{1F600}"),
  ])
  func `both ways write the same bytes`(target: String, name: String) throws {
    for (type, modified, replaced, closes) in [
      ("text/plain" as String?, nil as Int64?, false, false), (nil, 5, true, true), ("a/\"b", 0, false, true),
    ] {
      let file = StoredFile(name: NameBytes(name), size: 4096, type: type, modified: 1, replaced: replaced)
      let request = request(target)
      #expect(StoredResponse.suits(request, file))
      var (fast, usual) = (ByteBuffer(), ByteBuffer())
      StoredResponse(file: file, target: target, setsTime: modified != nil).write(into: &fast, closes: closes)
      ServerResponse.stored([file], for: request, adding: .settingTime(modified))
        .write(for: request, closes: closes, into: &usual)
      #expect(text(fast) == text(usual))
    }
  }

  @Test func `a name that is not UTF-8 is escaped in the same way`() throws {
    let file = StoredFile(name: NameBytes([0x61, 0xE9]), size: 1, type: nil, modified: 1)
    let request = request("/a%E9")
    var (fast, usual) = (ByteBuffer(), ByteBuffer())
    StoredResponse(file: file, target: "/a%E9", setsTime: false).write(into: &fast, closes: false)
    ServerResponse.stored([file], for: request).write(for: request, closes: false, into: &usual)
    #expect(text(fast) == text(usual))
  }

  @Test func `a response with a digest or with fields of CORS is left to the usual way`() throws {
    var file = StoredFile(name: "a", size: 1, type: nil, modified: 1)
    var request = request("/a")
    request.allowedOrigin = "https://app.example"
    #expect(!StoredResponse.suits(request, file))
    request.allowedOrigin = nil
    #expect(StoredResponse.suits(request, file))
    file.digests.sha256 = Array(repeating: 1, count: 32)
    #expect(!StoredResponse.suits(request, file))
  }
}
