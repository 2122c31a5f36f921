/// Where a sample file's bytes come from: an endless supply, taken in order.
protocol SampleContent {
  /// Fills the first `count` bytes of `buffer` with what comes next.
  /// - Parameter buffer: at least ``SampleRows/slack`` bytes longer than `count`; what is behind `count` may be
  ///   scribbled over.
  mutating func fill(_ buffer: UnsafeMutableRawBufferPointer, count: Int)
}
