/// The modules of a QR code: the fixed patterns, and the codewords between them, with or without a mask
/// (ISO/IEC 18004, 6.3, 7.7 and 7.8).
struct QRMatrix: Hashable, Sendable {
  /// Modules on each side.
  let size: Int
  /// Row by row; true for dark.
  private var modules: [Bool]
  /// The modules that are not of codewords: no mask changes them.
  private var isFixed: [Bool]

  /// The patterns and the codewords, without a mask and without the format information.
  init(_ version: QRVersion, _ codewords: [UInt8]) {
    size = version.size
    modules = Array(repeating: false, count: size * size)
    isFixed = modules
    drawPatterns(version)
    drawFormat(0)
    if version.number >= 7 { drawVersion(version.number) }
    drawCodewords(codewords)
  }

  func isDark(_ x: Int, _ y: Int) -> Bool {
    (0..<size).contains(x) && (0..<size).contains(y) && modules[y * size + x]
  }

  private mutating func fix(_ x: Int, _ y: Int, _ isDark: Bool) {
    guard (0..<size).contains(x), (0..<size).contains(y) else { return }
    modules[y * size + x] = isDark
    isFixed[y * size + x] = true
  }

  // MARK: Patterns

  private mutating func drawPatterns(_ version: QRVersion) {
    for index in 0..<size {
      fix(6, index, index % 2 == 0)
      fix(index, 6, index % 2 == 0)
    }
    for (x, y) in [(3, 3), (size - 4, 3), (3, size - 4)] {
      drawSquares(x, y, radius: 4) { $0 != 2 && $0 != 4 }
    }
    let centres = version.alignmentCentres
    guard let last = centres.last else { return }
    for x in centres {
      // The three other corners have finder patterns.
      for y in centres where ![(6, 6), (6, last), (last, 6)].contains(where: { $0 == (x, y) }) {
        drawSquares(x, y, radius: 2) { $0 != 1 }
      }
    }
  }

  /// Draws concentric squares around a module; those of each radius are dark or light.
  private mutating func drawSquares(_ x: Int, _ y: Int, radius: Int, isDark: (Int) -> Bool) {
    for dy in -radius...radius {
      for dx in -radius...radius { fix(x + dx, y + dy, isDark(max(abs(dx), abs(dy)))) }
    }
  }

  /// Draws the 15 bits of level and mask twice, and the module that is always dark.
  private mutating func drawFormat(_ data: Int) {
    let bits = (data << 10 | Self.remainder(data, generator: 0x537, degree: 10)) ^ 0x5412
    for index in 0..<15 {
      let bit = bits >> index & 1 == 1
      // Around the upper left finder pattern, without its timing patterns; then beside the two others.
      switch index {
      case ..<6: fix(8, index, bit)
      case 6, 7: fix(8, index + 1, bit)
      case 8: fix(7, 8, bit)
      default: fix(14 - index, 8, bit)
      }
      if index < 8 { fix(size - 1 - index, 8, bit) } else { fix(8, size - 15 + index, bit) }
    }
    fix(8, size - 8, true)
  }

  private mutating func drawVersion(_ number: Int) {
    let bits = number << 12 | Self.remainder(number, generator: 0x1F25, degree: 12)
    for index in 0..<18 {
      let (far, near) = (size - 11 + index % 3, index / 3)
      fix(far, near, bits >> index & 1 == 1)
      fix(near, far, bits >> index & 1 == 1)
    }
  }

  /// The check bits of a BCH code.
  private static func remainder(_ data: Int, generator: Int, degree: Int) -> Int {
    (0..<degree).reduce(data) { rest, _ in rest << 1 ^ (rest >> (degree - 1) & 1) * generator }
  }

  // MARK: Codewords

  /// Draws the codewords in columns two modules wide, from the right to the left, upwards and downwards in turn.
  private mutating func drawCodewords(_ codewords: [UInt8]) {
    var bits = codewords.lazy.flatMap { byte in (0..<8).reversed().map { byte >> $0 & 1 == 1 } }.makeIterator()
    // The vertical timing pattern has a column of its own.
    let rights = Array(stride(from: size - 1, to: 6, by: -2)) + stride(from: 5, to: 0, by: -2)
    for (index, right) in rights.enumerated() {
      for step in 0..<size {
        let y = index % 2 == 0 ? size - 1 - step : step
        for x in [right, right - 1] where !isFixed[y * size + x] { modules[y * size + x] = bits.next() ?? false }
      }
    }
  }

  // MARK: Masks

  /// The matrix with a mask pattern and its format information.
  /// - Parameter mask: 0 to 7.
  func masked(_ mask: Int, _ level: QRCode.Level) -> QRMatrix {
    var result = self
    for y in 0..<size {
      for x in 0..<size where !isFixed[y * size + x] && Self.inverts(mask, x, y) {
        result.modules[y * size + x].toggle()
      }
    }
    result.drawFormat(level.formatBits << 3 | mask)
    return result
  }

  private static func inverts(_ mask: Int, _ x: Int, _ y: Int) -> Bool {
    switch mask {
    case 0: (x + y) % 2 == 0
    case 1: y % 2 == 0
    case 2: x % 3 == 0
    case 3: (x + y) % 3 == 0
    case 4: (x / 3 + y / 2) % 2 == 0
    case 5: x * y % 2 + x * y % 3 == 0
    case 6: (x * y % 2 + x * y % 3) % 2 == 0
    default: ((x + y) % 2 + x * y % 3) % 2 == 0
    }
  }

  /// How hard the matrix is to read: long runs and squares of one colour, patterns that look like finder patterns, and
  /// an unequal number of dark and light modules. 0 is best.
  var penalty: Int {
    var result = 0
    for index in 0..<size {
      result += Self.linePenalty((0..<size).map { modules[index * size + $0] })
      result += Self.linePenalty((0..<size).map { modules[$0 * size + index] })
    }
    for y in 1..<size {
      for x in 1..<size {
        let module = modules[y * size + x]
        let others = [modules[y * size + x - 1], modules[(y - 1) * size + x], modules[(y - 1) * size + x - 1]]
        if others.allSatisfy({ $0 == module }) { result += 3 }
      }
    }
    // 10 for each 5 % of difference from a half.
    let dark = modules.count { $0 }
    return result + abs(20 * dark - 10 * modules.count) / modules.count * 10
  }

  /// The finder pattern with four light modules on one side, as the bits of 11 modules.
  private static let finderLike: Set<Int> = [0b10111010000, 0b00001011101]

  private static func linePenalty(_ line: [Bool]) -> Int {
    var (result, run, window) = (0, 0, 0)
    for (index, module) in line.enumerated() {
      run = index > 0 && line[index - 1] == module ? run + 1 : 1
      if run == 5 { result += 3 } else if run > 5 { result += 1 }
      window = (window << 1 | (module ? 1 : 0)) & 0x7FF
      if index >= 10, finderLike.contains(window) { result += 40 }
    }
    return result
  }
}
