/// The sizes of one version of QR codes, and its codewords (ISO/IEC 18004, tables 7 and 9).
struct QRVersion: Sendable {
  /// 1 to 10.
  let number: Int
  /// Data and check bytes together.
  let codewordCount: Int
  /// Check bytes of each block, and the number of blocks.
  private let low, medium: (checks: Int, blocks: Int)

  static let allVersions: [QRVersion] = [
    QRVersion(1, 26, (7, 1), (10, 1)), QRVersion(2, 44, (10, 1), (16, 1)), QRVersion(3, 70, (15, 1), (26, 1)),
    QRVersion(4, 100, (20, 1), (18, 2)), QRVersion(5, 134, (26, 1), (24, 2)), QRVersion(6, 172, (18, 2), (16, 4)),
    QRVersion(7, 196, (20, 2), (18, 4)), QRVersion(8, 242, (24, 2), (22, 4)), QRVersion(9, 292, (30, 2), (22, 5)),
    QRVersion(10, 346, (18, 4), (26, 5)),
  ]

  private init(_ number: Int, _ count: Int, _ low: (Int, Int), _ medium: (Int, Int)) {
    (self.number, codewordCount, self.low, self.medium) = (number, count, low, medium)
  }

  /// Modules on each side.
  var size: Int { 17 + 4 * number }

  /// Bits of the number of bytes, behind the four bits of the mode.
  private var countBits: Int { number < 10 ? 8 : 16 }

  private func blocks(_ level: QRCode.Level) -> (checks: Int, blocks: Int) {
    switch level {
    case .low: low
    case .medium: medium
    }
  }

  private func dataCount(_ level: QRCode.Level) -> Int {
    let (checks, blocks) = blocks(level)
    return codewordCount - checks * blocks
  }

  /// The most bytes that a code of this version and level contains.
  func capacity(_ level: QRCode.Level) -> Int { (8 * dataCount(level) - 4 - countBits) / 8 }

  /// The bytes with mode and number before them and padding behind them.
  /// - Parameter bytes: at most ``capacity(_:)`` of them.
  func dataCodewords(of bytes: [UInt8], _ level: QRCode.Level) -> [UInt8] {
    var bits = [false, true, false, false]
    bits += (0..<countBits).reversed().map { bytes.count >> $0 & 1 == 1 }
    for byte in bytes { bits += (0..<8).reversed().map { byte >> $0 & 1 == 1 } }
    let room = 8 * dataCount(level) - bits.count
    bits += repeatElement(false, count: min(4, room))
    bits += repeatElement(false, count: (8 - bits.count % 8) % 8)
    var codewords = stride(from: 0, to: bits.count, by: 8).map { first in
      bits[first..<first + 8].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
    }
    let padding = dataCount(level) - codewords.count
    codewords += (0..<padding).map { $0 % 2 == 0 ? 0xEC : 0x11 }
    return codewords
  }

  /// The codewords in the order of the matrix: the first of each block, the second of each, and so on; then the check
  /// bytes in the same way. The last blocks have one data byte more than the first where the number is not divisible.
  func interleaved(_ data: [UInt8], _ level: QRCode.Level) -> [UInt8] {
    let (checks, count) = blocks(level)
    let short = data.count / count
    var blocks: [ArraySlice<UInt8>] = []
    var first = 0
    for index in 0..<count {
      let end = first + short + (index < count - data.count % count ? 0 : 1)
      blocks.append(data[first..<end])
      first = end
    }
    let checkBytes = blocks.map { ReedSolomon.checkBytes(for: $0, count: checks) }
    let dataPart = (0...short).flatMap { index in blocks.compactMap { $0.dropFirst(index).first } }
    return dataPart + (0..<checks).flatMap { index in checkBytes.map { $0[index] } }
  }

  /// Coordinates of the centres of alignment patterns, on both axes.
  var alignmentCentres: [Int] {
    switch number {
    case 1: []
    case ..<7: [6, size - 7]
    // Versions 7 to 10: two equal steps of an even number of modules.
    default: [6, size / 2, size - 7]
    }
  }
}
