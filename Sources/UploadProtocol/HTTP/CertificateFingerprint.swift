import Crypto
package import UploadCore

/// The SHA-256 of a certificate: it identifies the certificate, independent of its issuer.
package struct CertificateFingerprint: Sendable, Hashable, CustomStringConvertible {
  /// 64 digits, lower-case hexadecimal.
  package let digits: String

  /// - Parameter text: 64 hexadecimal digits in either case, with or without a colon between each two.
  /// - Throws: ``UploadError`` with code `badValue`.
  package init(_ text: String) throws(UploadError) {
    let plain = text.lowercased().filter { $0 != ":" }
    guard plain.utf8.count == 64,
      plain.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else {
      throw UploadError(
        .badValue,
        "\"\(PlainText.sanitized(text))\" is not the SHA-256 of a certificate: 64 hexadecimal digits, "
          + "with or without colons, as the server prints them at its start."
      )
    }
    digits = plain
  }

  /// - Parameter bytes: the certificate in DER.
  package init(certificate bytes: [UInt8]) {
    digits = Hexadecimal.text(SHA256.hash(data: bytes))
  }

  /// As openssl writes it: `AB:CD:..`.
  package var description: String {
    var text = ""
    for (index, digit) in digits.uppercased().enumerated() {
      if index > 0, index.isMultiple(of: 2) { text.append(":") }
      text.append(digit)
    }
    return text
  }
}
