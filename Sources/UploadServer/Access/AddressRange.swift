package import UploadCore

/// One address, or a network of them (`10.0.0.0/8`).
package struct AddressRange: Sendable, Equatable {
  private let bytes: [UInt8]
  /// How many bits an address must share with it.
  private let bits: Int

  /// - Throws: ``UploadError`` with code `badValue`.
  package init(parsing text: String) throws(UploadError) {
    let pieces = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let address = pieces.first.flatMap { IPAddress($0) }
    let most = (address?.bytes.count ?? 0) * 8
    let bits = pieces.count == 2 ? Int(pieces[1]) : most
    guard let address, let bits, (0...most).contains(bits) else {
      throw UploadError(
        .badValue,
        "\"\(PlainText.sanitized(text))\" is not an address. Write for example 127.0.0.1, ::1 or 10.0.0.0/8."
      )
    }
    bytes = address.bytes
    self.bits = bits
  }

  func contains(_ address: IPAddress) -> Bool {
    guard address.bytes.count == bytes.count else { return false }
    let whole = bits / 8
    guard address.bytes[..<whole] == bytes[..<whole] else { return false }
    guard bits % 8 > 0 else { return true }
    let shift = 8 - bits % 8
    return address.bytes[whole] >> shift == bytes[whole] >> shift
  }
}
