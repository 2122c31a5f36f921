import Testing
import UploadCore
import UploadProtocol

@Suite struct CertificateFingerprintTests {
  private static let plain = String(repeating: "0123456789abcdef", count: 4)

  @Test func `upper case, lower case and colons give the same fingerprint`() throws {
    let one = try CertificateFingerprint(Self.plain)
    #expect(try CertificateFingerprint(Self.plain.uppercased()) == one)
    #expect(try CertificateFingerprint(one.description) == one)
    #expect(one.description.hasPrefix("01:23:45:67:89:AB:CD:EF:01:"))
    #expect(one.description.utf8.count == 95)
  }

  @Test func `a certificate's fingerprint is its SHA-256`() {
    #expect(
      CertificateFingerprint(certificate: Array("abc".utf8)).description.hasPrefix(
        "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE"
      )
    )
  }

  @Test(arguments: ["", "ab", String(repeating: "g", count: 64), plain + "0", "sha256/" + plain])
  func `text that is not a fingerprint is rejected`(text: String) {
    #expect(throws: UploadError.self) { try CertificateFingerprint(text) }
  }
}
