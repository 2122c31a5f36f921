/// What part of a file a request asks for (RFC 9110 section 14).
enum ByteRange: Equatable {
  /// All of it: no range was asked for, or one that may be ignored.
  case whole
  /// These bytes.
  case part(Range<UInt64>)
  /// Nothing that the file has.
  case unsatisfiable

  /// Reads a `Range` field for a file of `size` bytes. Several ranges at once, other units and malformed fields are
  /// ignored, as the standard allows.
  init(field: String?, size: UInt64) {
    guard let field, let equals = field.firstIndex(of: "="), field[..<equals].lowercased() == "bytes" else {
      self = .whole
      return
    }
    let spec = field[field.index(after: equals)...].filter { $0 != " " && $0 != "\t" }
    let ends = spec.split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, spec.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }) else {
      self = .whole
      return
    }
    // A number too long for 64 bits lies behind the end of any file.
    let first = ends[0].isEmpty ? nil : UInt64(ends[0]) ?? .max
    let last = ends[1].isEmpty ? nil : UInt64(ends[1]) ?? .max
    switch (first, last) {
    case (nil, nil): self = .whole
    case (nil, let suffix?): self = suffix == 0 || size == 0 ? .unsatisfiable : .part(size - min(suffix, size)..<size)
    case (let first?, let last):
      if let last, last < first {
        self = .whole
      } else {
        self = first >= size ? .unsatisfiable : .part(first..<min(last ?? .max, size - 1) + 1)
      }
    }
  }
}
