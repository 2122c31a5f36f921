import Testing
import UploadCore
import UploadTestSupport

@testable import UploadProtocol

/// The one text field of a form that is reported.
@Suite struct MultipartFieldTests {
  private static func field(_ name: String, _ value: String) -> String {
    "--b\nContent-Disposition: form-data; name=\"\(name)\"\n\n\(value)\n"
  }

  private static let file = "--b\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\n\nx\n"

  private func parse(_ parts: String..., chunk: Int = 1 << 20, limits: MultipartLimits = MultipartLimits()) throws
    -> Transcript
  {
    let form = crlf(parts.joined() + "--b--\n")
    let boundary = try MultipartBoundary("b")
    return Transcript(of: form.chunks(of: chunk), boundary: boundary, limits: limits, reportedField: "sender")
  }

  private func fields(_ transcript: Transcript) -> [String] {
    transcript.entries.compactMap { if case .field(let value) = $0 { value.text } else { nil } }
  }

  @Test(arguments: [1, 2, 3, 7, 1 << 20])
  func `the reported field is complete however it arrives, and others are not reported`(chunk: Int) throws {
    let transcript = try parse(
      Self.field("other", "no"),
      Self.field("sender", "Anna\n--x Müller"),
      Self.file,
      chunk: chunk
    )
    #expect(transcript.failure == nil)
    #expect(fields(transcript) == ["Anna\r\n--x Müller"])
    #expect(transcript.files.map(\.content) == [Array("x".utf8)])
  }

  @Test func `an empty field is reported, and one after the first file is not`() throws {
    let transcript = try parse(Self.field("sender", ""), Self.file, Self.field("sender", "late"))
    #expect(transcript.failure == nil)
    #expect(fields(transcript) == [""])
    #expect(transcript.entries.first == .field([]))
  }

  @Test func `a form control without a file chosen is no file before the field`() throws {
    let none = "--b\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\n\n\n"
    #expect(fields(try parse(none, Self.field("sender", "Anna"), Self.file)) == ["Anna"])
  }

  @Test func `a file of that name is no field`() throws {
    let file = "--b\nContent-Disposition: form-data; name=\"sender\"; filename=\"a\"\n\nx\n"
    let transcript = try parse(file)
    #expect(fields(transcript) == [] && transcript.files.count == 1)
  }

  @Test(arguments: [1, 1 << 20]) func `the field may have 400 bytes`(chunk: Int) throws {
    let longest = String(repeating: "a", count: 400)
    #expect(fields(try parse(Self.field("sender", longest), Self.file, chunk: chunk)) == [longest])
    let transcript = try parse(Self.field("sender", longest + "a"), Self.file, chunk: chunk)
    #expect(transcript.failure == .tooLarge)
    #expect(transcript.files.isEmpty)
  }

  @Test func `reported fields count towards the limit on all fields`() throws {
    var limits = MultipartLimits()
    limits.allFieldBytes = 5
    let transcript = try parse(Self.field("sender", "abc"), Self.field("sender", "abc"), Self.file, limits: limits)
    #expect(transcript.failure == .tooLarge)
  }

  @Test func `a form that ends within the field is incomplete`() throws {
    let form = crlf("--b\nContent-Disposition: form-data; name=\"sender\"\n\nAnn")
    let boundary = try MultipartBoundary("b")
    #expect(Transcript(of: [form], boundary: boundary, reportedField: "sender").failure == .incomplete)
  }
}
