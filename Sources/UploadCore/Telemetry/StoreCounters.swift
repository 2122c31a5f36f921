/// What a store on another machine was asked for since the process began: a value copied at one instant.
package struct StoreCounters: Sendable, Equatable {
  /// The requests of one kind.
  package struct Operation: Sendable, Equatable {
    /// Lower-case letters, digits and underscores, as in metrics: `put_object`.
    package var name: String
    /// Requests sent, those of retries included.
    package var requests: UInt64 = 0
    /// Requests that repeated one that had failed.
    package var retries: UInt64 = 0
    /// Calls that failed for good.
    package var failures: UInt64 = 0
    /// How long all requests with a response took together.
    package var seconds: Double = 0
    /// How many requests with a response took at most as long as each of ``StoreCounters/bounds``, and in the last element
    /// longer.
    package var latencies: [UInt64] = []

    package init(name: String) { self.name = name }
  }

  /// The upper bounds of ``Operation/latencies``, in seconds, in ascending order.
  package var bounds: [Double]
  package var operations: [Operation]

  package init(bounds: [Double], operations: [Operation]) {
    (self.bounds, self.operations) = (bounds, operations)
  }
}
