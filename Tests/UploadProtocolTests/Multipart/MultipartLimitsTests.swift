import NIOCore
import Testing
import UploadCore

@testable import UploadProtocol

/// Every limit is exact: a form at the limit is accepted, one byte or item more is rejected.
@Suite struct MultipartLimitsTests {
  private func failure(_ body: String, _ chunkLength: Int? = nil) throws -> UploadError.Code? {
    let bytes = Array(body.utf8)
    return Transcript(of: bytes.chunks(of: chunkLength ?? bytes.count), boundary: try MultipartBoundary("b")).failure
  }

  private func part(_ headers: String, _ content: String) -> String {
    "--b\r\n\(headers)\r\n\(content)\r\n"
  }

  private static let file = "Content-Disposition: form-data; filename=\"f\"\r\n"
  private static let field = "Content-Disposition: form-data; name=\"f\"\r\n"

  @Test(arguments: [1 << 20, 1000, 7]) func `a preamble of 8 KiB is accepted, and one byte more is malformed`(
    chunkLength: Int
  ) throws {
    let most = String(repeating: "x", count: 8 << 10)
    #expect(try failure(most + "\r\n--b--", chunkLength) == nil)
    #expect(try failure(most + "x\r\n--b--", chunkLength) == .malformedForm)
  }

  @Test(arguments: [1 << 20, 1000, 7]) func `headers of 8 KiB are accepted, and one byte more is too large`(
    chunkLength: Int
  ) throws {
    let most = Self.file + "A: " + String(repeating: "x", count: (8 << 10) - Self.file.utf8.count - 7) + "\r\n"
    #expect((most + "\r\n").utf8.count == 8 << 10)
    #expect(try failure(part(most, "x") + "--b--", chunkLength) == nil)
    #expect(try failure(part("A" + most, "x") + "--b--", chunkLength) == .tooLarge)
  }

  @Test func `a part with 16 header fields is accepted, and with one more it is too large`() throws {
    let most = Self.file + String(repeating: "A: b\r\n", count: 15)
    #expect(try failure(part(most, "x") + "--b--") == nil)
    #expect(try failure(part(most + "A: b\r\n", "x") + "--b--") == .tooLarge)
  }

  @Test func `spaces and tabs after a boundary count as header bytes`() throws {
    let most = String(repeating: " ", count: (8 << 10) - Self.file.utf8.count - 2)
    #expect(try failure("--b\(most)\r\n\(Self.file)\r\nx\r\n--b--") == nil)
    #expect(try failure("--b\(most) \r\n\(Self.file)\r\nx\r\n--b--") == .tooLarge)
    #expect(try failure("--b" + String(repeating: "\t", count: 100_000)) == .tooLarge)
  }

  @Test func `a form of 10,000 parts is accepted, and with one more it is too large`() throws {
    let most = String(repeating: part(Self.field, ""), count: 10_000)
    #expect(try failure(most + "--b--") == nil)
    #expect(try failure(most + part(Self.field, "") + "--b--") == .tooLarge)
  }

  @Test func `a form of 1,000 files is accepted, and with one more it is too large`() throws {
    let none = part("Content-Disposition: form-data; filename=\"\"\r\n", "")
    let unnamed = part("Content-Disposition: form-data; filename=\"\"\r\n", "x")
    let most = String(repeating: part(Self.file, "x"), count: 1000) + none
    #expect(try failure(most + "--b--") == nil)
    #expect(try failure(most + part(Self.file, "x") + "--b--") == .tooLarge)
    #expect(try failure(most + unnamed + "--b--") == .tooLarge)
  }

  @Test func `the error for too many files states the configured limit`() throws {
    var limits = MultipartLimits()
    limits.files = 2
    var parser = MultipartParser(boundary: try MultipartBoundary("b"), limits: limits)
    parser.append(ByteBuffer(string: String(repeating: part(Self.file, "x"), count: 3) + "--b--"))
    let error = #expect(throws: UploadError.self) { while try parser.next() != nil {} }
    #expect(error?.code == .tooLarge)
    #expect(error?.message.contains("more than 2 files") == true)
  }

  @Test(arguments: [1 << 20, 1000, 7]) func `a text field of 64 KiB is accepted, and one byte more is too large`(
    chunkLength: Int
  ) throws {
    let most = String(repeating: "\r\n--", count: (64 << 10) / 4)
    #expect(try failure(part(Self.field, most) + "--b--", chunkLength) == nil)
    #expect(try failure(part(Self.field, most + "x") + "--b--", chunkLength) == .tooLarge)
    #expect(try failure(part(Self.file, most + "x") + "--b--", chunkLength) == nil)
  }

  @Test func `text fields of 1 MiB in total are accepted, and one byte more is too large`() throws {
    let most = String(repeating: part(Self.field, String(repeating: "x", count: 64 << 10)), count: 16)
    #expect(try failure(most + "--b--") == nil)
    #expect(try failure(most + part(Self.field, "x") + "--b--") == .tooLarge)
  }
}
