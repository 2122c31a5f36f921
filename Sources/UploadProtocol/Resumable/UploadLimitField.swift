/// The value of `Upload-Limit` in the IETF draft: nil stands for no limit. Sizes in bytes.
package struct UploadLimitField: Sendable, Equatable {
  package var maxSize: UInt64?
  package var minSize: UInt64?
  /// The largest body of one request.
  package var maxAppendSize: UInt64?
  /// The smallest body of one request that does not end the upload.
  package var minAppendSize: UInt64?
  /// How long the upload is kept from now on, in seconds.
  package var maxAge: UInt64?

  package init(
    maxSize: UInt64? = nil,
    minSize: UInt64? = nil,
    maxAppendSize: UInt64? = nil,
    minAppendSize: UInt64? = nil,
    maxAge: UInt64? = nil
  ) {
    self.maxSize = maxSize
    self.minSize = minSize
    self.maxAppendSize = maxAppendSize
    self.minAppendSize = minAppendSize
    self.maxAge = maxAge
  }

  /// Reads a field. Unknown keys, and values that are no integers or negative, are ignored.
  /// - Returns: nil where the value is no dictionary.
  package init?(_ value: String) {
    guard let members = StructuredDictionary.parse(value.utf8) else { return nil }
    func number(_ key: String) -> UInt64? {
      guard case .integer(let number)? = members[key] else { return nil }
      return UInt64(exactly: number)
    }
    maxSize = number("max-size")
    minSize = number("min-size")
    maxAppendSize = number("max-append-size")
    minAppendSize = number("min-append-size")
    maxAge = number("max-age") ?? number("expires")
  }

  /// The value of the field; `min-size=0` where there is no limit, since the field must not be empty. Larger numbers
  /// than a structured field may have are written as its largest.
  package func text(_ version: InteropVersion) -> String {
    let members = [
      ("max-size", maxSize), ("min-size", minSize), ("max-append-size", maxAppendSize),
      ("min-append-size", minAppendSize), (version.ageKey, maxAge),
    ]
    let texts = members.compactMap { key, limit in
      limit.map { "\(key)=\(min($0, ResumableFields.largestInteger))" }
    }
    return texts.isEmpty ? "min-size=0" : texts.joined(separator: ", ")
  }
}
