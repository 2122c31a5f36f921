/// The problem types of resumable uploads, as a body of type `application/problem+json` (RFC 9457).
package enum ProblemDocument: Sendable, Equatable {
  /// The request's offset is not the resource's: status 409.
  case mismatchingOffset(expected: UInt64, provided: UInt64)
  /// The request contradicts the known length, or exceeds it: status 400.
  case inconsistentLength
}
