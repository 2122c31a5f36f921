import HTTPTypes
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadProtocol

@Suite struct SenderFieldTests {
  private func name(_ values: String...) throws(UploadError) -> String? {
    var fields = HTTPFields()
    for value in values { fields.append(HTTPField(name: .sluiceSender, value: value)) }
    return try SenderField.name(in: fields)?.description
  }

  @Test(arguments: [
    ("Anna", "Anna"), ("Anna%20M%C3%BCller", "Anna Müller"), ("Anna Smith", "Anna Smith"), ("a%2Fb", "a/b"),
    ("100%25", "100%"), ("a+b", "a+b"), ("%F0%9F%98%80", "😀"),
  ])
  func `the name is percent-encoded UTF-8`(value: String, expected: String) throws {
    #expect(try name(value) == expected)
  }

  @Test func `no field, and one without a visible name, is no sender`() throws {
    #expect(try name() == nil)
    #expect(try name("") == nil)
    #expect(try name("%20%00") == nil)
  }

  @Test(arguments: ["%", "%4", "%zz", "%FF", "%C3", String(repeating: "%20", count: 401)])
  func `a malformed or too long field is rejected`(value: String) {
    let error = #expect(throws: UploadError.self) { try name(value) }
    #expect(error?.code == .badRequest)
  }

  @Test func `two fields are rejected`() {
    let error = #expect(throws: UploadError.self) { try name("Anna", "Ben") }
    #expect(error?.code == .badRequest)
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `random names are rejected, or are safe to show and to create`(seed: UInt64) {
    let elements = [
      "a", "Z", "/", "..", ".", "\\", "%2F", "%00", "%1B", "%0D%0A", "%E2%80%AE", "%FF", "%", "%4", "ü", "👩", "%CC%81",
      "%20", "~", "-", "unknown", ".sluice-", ".part",
    ]
    var generator = SplitMix64(seed: seed)
    for _ in 0..<2000 {
      let count = Int.random(in: 0...40, using: &generator)
      let value = (0..<count).map { _ in elements.randomElement(using: &generator) ?? "" }.joined()
      guard let sender = try? SenderField.name(in: [.sluiceSender: value]) else { continue }
      let text = sender.description
      #expect(PlainText.sanitized(text) == text && !text.isEmpty && text.count <= 100, "\(value)")
      let directory = sender.directory.bytes
      #expect(![".", "..", ""].contains(directory) && directory.bytes.count <= 255, "\(value)")
      #expect(!directory.bytes.contains(UInt8(ascii: "/")) && !directory.bytes.contains(0), "\(value)")
      #expect(!FileName.isReserved(directory), "\(value)")
    }
  }

  @Test func `tus metadata states the sender by the key sender`() throws {
    let metadata = try TusMetadata("filename YQ==,sender QW5uYQ==")
    #expect(metadata.sender == Array("Anna".utf8))
    #expect(try TusMetadata("filename YQ==").sender == nil)
    #expect(try TusMetadata("sender").sender == nil)
  }
}
