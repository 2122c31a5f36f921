/// A bare item of a structured field (RFC 8941 section 3.3), as far as anybody here looks at it.
enum StructuredItem: Equatable {
  case integer(Int)
  case bytes([UInt8])
  /// A decimal, string, token or boolean.
  case other
}
