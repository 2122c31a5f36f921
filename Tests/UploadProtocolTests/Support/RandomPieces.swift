import UploadTestSupport

extension [UInt8] {
  /// These bytes cut at random places.
  func randomPieces(using generator: inout SplitMix64) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var rest = self[...]
    while !rest.isEmpty {
      let length = Int.random(in: 1...Swift.max(1, rest.count / 2), using: &generator)
      pieces.append([UInt8](rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    return pieces
  }
}
