import UploadProtocol

/// The part of a file that a request asks for (RFC 9110 section 14).
enum ByteRange: Equatable {
  /// The whole file: the request has no range, or one that may be ignored.
  case whole
  /// The bytes at these offsets: at least one, and all within the file.
  case part(Range<UInt64>)
  /// The range has no byte of the file, such as one that begins beyond its end. Respond with 416.
  case unsatisfiable

  /// Reads a `Range` field for a file of `size` bytes. Several ranges at once, other units and malformed fields are
  /// ignored, as the standard allows.
  /// - Parameter field: the field's value; nil, for the whole file, when the request has none.
  init(field: String?, size: UInt64) {
    self = .whole
    guard let field, let equals = field.firstIndex(of: "="), field[..<equals].lowercased() == "bytes" else { return }
    let spec = field[field.index(after: equals)...].withoutBlanks
    let ends = spec.split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, spec.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || $0.isDigit }) else { return }
    // A number of more than 64 bits is beyond the end of any file.
    let first = ends[0].isEmpty ? nil : UInt64(ends[0]) ?? .max
    let last = ends[1].isEmpty ? nil : UInt64(ends[1]) ?? .max
    switch (first, last) {
    case (nil, nil): break
    case (nil, let suffix?): self = suffix == 0 || size == 0 ? .unsatisfiable : .part(size - min(suffix, size)..<size)
    case (let first?, let last):
      guard first <= last ?? .max else { return }
      self = first >= size ? .unsatisfiable : .part(first..<min(last ?? .max, size - 1) + 1)
    }
  }
}
