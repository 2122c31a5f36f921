/// What a client has asked of the engine so far, for metrics: a value copied at one instant.
package struct S3ClientSnapshot: Sendable, Equatable {
  /// The requests of one kind.
  package struct Counts: Sendable, Equatable {
    /// Requests sent, those of retries included.
    package var requests: UInt64 = 0
    /// Requests that repeated one that had failed.
    package var retries: UInt64 = 0
    /// Calls that failed for good.
    package var failures: UInt64 = 0
    /// How long all requests with a response took together, from the first byte of the request to the last of the response.
    package var seconds: Double = 0
    /// How many requests with a response took at most as long as each of ``S3ClientSnapshot/bounds``, and in the last
    /// element longer.
    package var latencies = [UInt64](repeating: 0, count: S3ClientSnapshot.bounds.count + 1)

    package init() {}
  }

  /// The upper bounds of ``Counts/latencies``, in seconds.
  package static let bounds: [Double] = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60]

  /// The requests of each kind; none for a kind that was not asked for.
  package var operations: [S3Operation: Counts]

  package init(operations: [S3Operation: Counts] = [:]) { self.operations = operations }
}

/// The kinds of requests, by the names of S3's API.
package enum S3Operation: String, Sendable, CaseIterable {
  case putObject
  case createMultipartUpload
  case uploadPart
  case completeMultipartUpload
  case abortMultipartUpload
  case listParts
  case headObject
  case getObject
  case listObjects
  case deleteObject
}
