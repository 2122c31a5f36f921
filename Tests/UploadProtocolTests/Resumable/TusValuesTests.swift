import HTTPTypes
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadProtocol

@Suite struct TusValuesTests {
  private static let id = "abcdefghijklmnopqrs-_9"

  // MARK: Metadata

  @Test func `metadata is read by key, with values that may be missing`() throws {
    let text = "filename d29ybGQudHh0,filetype VGV4dC9QbGFpbjsgeD15,is_confidential,empty "
    let metadata = try TusMetadata(text)
    #expect(metadata.name == "world.txt" && metadata.type == "text/plain")
    #expect(metadata.text == String(text.dropLast()), "without the blank at the end")
    #expect(metadata["is_confidential"] == [] && metadata["empty"] == [] && metadata["none"] == nil)
  }

  @Test(arguments: ["", " ", "\t"]) func `an empty metadata field has no keys`(text: String) throws {
    let metadata = try TusMetadata(text)
    #expect(metadata.name == nil && metadata.type == nil)
  }

  @Test func `the keys name and type are used where filename and filetype are missing or empty`() throws {
    let metadata = try TusMetadata("name YQ==, type YS9i , filename, filetype ")
    #expect(metadata.name == "a" && metadata.type == "a/b")
    #expect(metadata.text == "name YQ==,type YS9i,filename,filetype", "clients split it at each comma")
    #expect(try TusMetadata("filename Yg==,name YQ==").name == "b")
    #expect(try TusMetadata("filetype eHh4").type == nil)
    // Padding may be missing as a whole.
    #expect(try TusMetadata("name YQ").name == "a")
  }

  @Test func `names keep bytes that are not UTF-8, and directories`() throws {
    let metadata = try TusMetadata("filename Li4vYf8=")
    #expect(metadata.name?.bytes == Array("../a".utf8) + [0xFF])
    #expect(!metadata.keepsPath)
  }

  @Test func `directories are kept with paths or relativePath, which Uppy writes as null for a single file`() throws {
    // "keep", "a/b", "/d/e", "null", "other".
    let kept = try TusMetadata("filename YS9i,paths a2VlcA==")
    #expect(kept.keepsPath && kept.name == "a/b")
    let relative = try TusMetadata("filename YS9i,relativePath L2QvZQ==")
    #expect(relative.keepsPath && relative.name == "d/e")
    let single = try TusMetadata("filename YS9i,relativePath bnVsbA==")
    #expect(!single.keepsPath && single.name == "a/b")
    let other = try TusMetadata("filename YS9i,paths b3RoZXI=")
    #expect(!other.keepsPath)
  }

  @Test func `the modification time is what the client states`() throws {
    #expect(try TusMetadata("mtime MTcwMDAwMDAwMA==").modified == "1700000000")
    #expect(try TusMetadata("name YQ").modified == nil)
  }

  @Test(arguments: [
    ",", "a YQ==,", ",a YQ==", "a YQ==,,b YQ==", "a YQ==,a YQ==", "a,a", "a ****", "a YQ= =", "a YQ== b",
    "a  YQ==", "ä YQ==", "a\u{7F} YQ==", "a YQ-_", " , ",
  ]) func `malformed metadata is rejected`(text: String) {
    let error = #expect(throws: UploadError.self) { try TusMetadata(text) }
    #expect(error?.code == .badRequest)
  }

  @Test func `metadata over the limit is rejected`() {
    let text = "a " + String(repeating: "A", count: TusMetadata.maxLength - 2)
    #expect((try? TusMetadata(text)) != nil)
    #expect(throws: UploadError.self) { try TusMetadata(text + "AAAA") }
  }

  // MARK: Concatenation

  @Test(arguments: [
    "https://a.test/uploads/\(id)", "http://a.test:8080/x/y/uploads/\(id)?token=1", "/uploads/\(id)", "uploads/\(id)",
    "//a.test/uploads/\(id)#f", "HTTPS://[::1]:1/uploads/\(id)", "/prefix/uploads/\(id)",
  ]) func `the ID of a part is read from absolute and relative URLs, with any prefix`(url: String) {
    #expect(TusConcat.id(inURL: url) == Self.id)
  }

  @Test(arguments: [
    "", "/", id, "/\(id)", "/files/\(id)", "/uploads/", "/uploads/\(id)/", "/uploads/\(id.dropLast())",
    "/uploads/\(id)A",
    "/uploads/../uploads/\(id)", "/uploads/./\(id)", "/uploads/%2e%2e", "/uploads/..", "/uploads/../../../etc/passwd",
    "/uploads/abcdefghijklmnopqrs+/9", "/uploads/abcdefghijklmnopqr%2F9", "/uploads/abcdefghijklmnopqrs.json",
    "ftp://a.test/uploads/\(id)", "https:/uploads/\(id)", "file:///uploads/\(id)", "https://uploads/\(id)",
    "/Uploads/\(id)", "/uploads//\(id)", "/uploads/abcdefghijklmnopqrsé9", "https://a.test?/uploads/\(id)",
  ]) func `a URL that is none of an upload has no ID`(url: String) {
    #expect(TusConcat.id(inURL: url) == nil)
  }

  @Test func `a concatenation keeps the order and repetitions of its parts`() throws {
    let other = String(Self.id.reversed())
    #expect(try TusConcat("partial") == .partial)
    let final = try TusConcat("final;/uploads/\(Self.id)  https://a/uploads/\(other) /uploads/\(Self.id)")
    #expect(final == .final([Self.id, other, Self.id]))
    let thousand = Array(repeating: "/uploads/\(Self.id)", count: 1000).joined(separator: " ")
    #expect(try TusConcat("final;" + thousand) == .final(Array(repeating: Self.id, count: 1000)))
  }

  @Test(arguments: [
    "", "Partial", "partial;", "final", "final;", "final; ", "final;/uploads/x", "final;/uploads/\(id),/uploads/\(id)",
    "final;/uploads/\(id) ../../x", "partial, partial", "other;/uploads/\(id)",
  ]) func `any other concatenation is rejected`(text: String) {
    let error = #expect(throws: UploadError.self) { try TusConcat(text) }
    #expect(error?.code == .badRequest)
  }

  // MARK: Checksums

  private func computed(_ text: String, _ algorithm: BodyChecksum.Algorithm) -> BodyChecksum? {
    var computer = ChecksumComputer([algorithm])
    for byte in text.utf8 { withUnsafeBytes(of: byte) { computer.update($0) } }
    return computer.finalize(algorithm)
  }

  @Test(
    arguments: [
      (.sha1, "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00="), (.md5, "md5 XUFAKrxLKna5cZ2REBfFkg=="),
      (.sha256, "sha256 LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
    ] as [(BodyChecksum.Algorithm, String)]
  ) func `each algorithm computes the known checksum of hello`(algorithm: BodyChecksum.Algorithm, text: String) throws {
    let checksum = try BodyChecksum(text)
    #expect(computed("hello", algorithm) == checksum && checksum.text == text)
    #expect(computed("hellp", algorithm) != checksum)
  }

  @Test(arguments: [
    "", "sha1", "sha1 ", "sha1 ****", "sha1 YQ==", "sha512 YQ==", "crc32 AAAAAA==", "SHA1 qvTGHdzF6KLavt4PO0gs2a6pQ00=",
    "sha1  qvTGHdzF6KLavt4PO0gs2a6pQ00=", "sha1:qvTGHdzF6KLavt4PO0gs2a6pQ00=", "md5 qvTGHdzF6KLavt4PO0gs2a6pQ00=",
    "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=, sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=",
  ]) func `an unknown algorithm or a malformed checksum is rejected`(text: String) {
    let error = #expect(throws: UploadError.self) { try BodyChecksum(text) }
    #expect(error?.code == .badRequest)
  }

  @Test func `a checksum is compared with that of the headers or of the trailer section`() throws {
    let right: HTTPFields = [.uploadChecksum: "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00="]
    var plan = AppendPlan()
    #expect(ChecksumComputer(plan) == nil)
    plan.awaitsChecksumTrailer = true
    var computer = try #require(ChecksumComputer(plan))
    Array("hello".utf8).withUnsafeBytes { computer.update($0) }
    #expect(try computer.matches(plan, trailers: right) == true)
    #expect(try computer.matches(plan, trailers: nil) == nil)
    for text in ["sha1 x", "crc AAAA"] {
      let error = #expect(throws: UploadError.self) { try computer.matches(plan, trailers: [.uploadChecksum: text]) }
      #expect(error?.code == .badRequest)
    }
    #expect(try computer.matches(plan, trailers: [.uploadChecksum: "md5 XUFAKrxLKna5cZ2REBfFkg=="]) == true)
    plan.checksum = try BodyChecksum("md5 XUFAKrxLKna5cZ2REBfFkA==")
    #expect(try computer.matches(plan, trailers: right) == false)
  }
}
