import Testing
import UploadCore
import UploadProtocol

@Suite struct CertificateFingerprintTests {
  private static let plain = String(repeating: "0123456789abcdef", count: 4)

  @Test func `a fingerprint is read in either case, with or without colons, and written in upper case with colons`()
    throws
  {
    let one = try CertificateFingerprint(Self.plain)
    #expect(try CertificateFingerprint(Self.plain.uppercased()) == one)
    #expect(try CertificateFingerprint(one.description) == one)
    #expect(one.description.hasPrefix("01:23:45:67:89:AB:CD:EF:01:"))
    #expect(one.description.utf8.count == 95)
  }

  @Test func `a certificate's fingerprint is the SHA-256 of its bytes`() {
    #expect(
      CertificateFingerprint(certificate: Array("abc".utf8)).description.hasPrefix(
        "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE"
      )
    )
  }

  @Test(arguments: ["", "ab", String(repeating: "g", count: 64), plain + "0", "sha256/" + plain])
  func `text of fewer or more than 64 digits, or with other characters, is rejected as a fingerprint`(text: String) {
    #expect(throws: UploadError.self) { try CertificateFingerprint(text) }
  }
}
