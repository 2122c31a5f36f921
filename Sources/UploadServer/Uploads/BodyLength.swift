/// How long a request's body says it is.
enum BodyLength: Sendable, Equatable {
  /// There is none.
  case none
  /// A `Content-Length`, in bytes, above 0.
  case known(UInt64)
  /// Chunks, until the last one.
  case chunked

  /// The length in bytes where it is known beforehand.
  var bytes: UInt64? {
    switch self {
    case .none: 0
    case .known(let bytes): bytes
    case .chunked: nil
    }
  }
}
