import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct AttachmentTests {
  @Test(arguments: [
    ("a.txt", "a.txt", "a.txt"), ("a b.txt", "a b.txt", "a%20b.txt"), ("ü.txt", "_.txt", "%C3%BC.txt"),
    (#"a"b\c"#, "a_b_c", "a%22b%5Cc"), ("50%.txt", "50%.txt", "50%25.txt"), ("a%20b", "a_20b", "a%2520b"),
    ("%4", "%4", "%254"), ("a;b=c", "a;b=c", "a%3Bb%3Dc"), ("a\r\nb", "a__b", "a%0D%0Ab"),
    ("👨‍👩‍👧", "_____", "%F0%9F%91%A8%E2%80%8D%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7"),
  ])
  func `a name is sent as ASCII for every client and exactly for those that decode it`(
    name: String,
    fallback: String,
    exact: String
  ) {
    let field = ContentDisposition.attachment(named: NameBytes(name))
    #expect(field == "attachment; filename=\"\(fallback)\"; filename*=UTF-8''\(exact)")
    #expect(ContentDisposition(header: field).filename == NameBytes(name))
  }
}
