/// A size or rate that a user set, with the unit it was written in: messages repeat it that way, so that `--max-size 1MB`
/// does not come back as `976.6 KiB`.
package struct SizeSetting: Sendable, CustomStringConvertible {
  /// In bytes, or in bytes per second.
  package let bytes: UInt64
  /// The number as it was written and its unit: `1 MB`, `1.9 GB`, `256 MiB`.
  package let description: String

  /// Reads a size as ``ByteSize/parse(_:)`` does.
  /// - Throws: ``UploadError`` with code `badValue`.
  package init(parsing text: String) throws(UploadError) {
    bytes = try ByteSize.parse(text)
    description = Self.spelled(text)
  }

  /// Reads a rate as ``ByteSize/parseRate(_:)`` does; the description has no `/s`.
  /// - Throws: ``UploadError`` with code `badValue`.
  package init(parsingRate text: String) throws(UploadError) {
    bytes = try ByteSize.parseRate(text)
    description = Self.spelled(ByteSize.withoutPerSecond(text))
  }

  /// A size that no user wrote: in the largest unit that is exact.
  package init(_ bytes: UInt64) {
    self.bytes = bytes
    let exact = ByteSize.unitNames.last { bytes > 0 && bytes.isMultiple(of: $0.factor) }
    description = exact.map { "\(bytes / $0.factor) \($0.name)" } ?? "\(bytes) B"
  }

  private static func spelled(_ text: some StringProtocol) -> String {
    let (number, unit) = Quantity.split(text)
    let factor = ByteSize.factor(of: unit)
    return "\(number) \(ByteSize.unitNames.last { $0.factor == factor }?.name ?? unit)"
  }
}

extension SizeSetting: Equatable {
  /// How it was written makes no difference.
  package static func == (left: SizeSetting, right: SizeSetting) -> Bool { left.bytes == right.bytes }
}

extension SizeSetting: ExpressibleByIntegerLiteral {
  package init(integerLiteral bytes: UInt64) {
    self.init(bytes)
  }
}
