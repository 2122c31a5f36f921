/// The error correction of QR codes: Reed-Solomon codes over the field of 256 elements with the polynomial
/// x^8 + x^4 + x^3 + x^2 + 1 (ISO/IEC 18004, 7.5.2).
enum ReedSolomon {
  /// The check bytes for a block of data: the remainder of the division by the generator polynomial of degree `count`.
  /// - Parameter count: how many, 1 or more.
  static func checkBytes(for data: ArraySlice<UInt8>, count: Int) -> [UInt8] {
    let generator = generator(degree: count)
    var remainder = [UInt8](repeating: 0, count: count)
    for byte in data {
      let factor = byte ^ remainder.removeFirst()
      remainder.append(0)
      for index in remainder.indices { remainder[index] ^= product(generator[index], factor) }
    }
    return remainder
  }

  /// The coefficients of (x - 2^0) (x - 2^1) ... (x - 2^(degree - 1)), highest power first, without the leading 1.
  private static func generator(degree: Int) -> [UInt8] {
    var coefficients = [UInt8](repeating: 0, count: degree - 1) + [1]
    var root: UInt8 = 1
    for _ in 0..<degree {
      for index in coefficients.indices {
        coefficients[index] = product(coefficients[index], root)
        if index + 1 < degree { coefficients[index] ^= coefficients[index + 1] }
      }
      root = product(root, 2)
    }
    return coefficients
  }

  /// The product in the field.
  private static func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
    var result: UInt8 = 0
    for bit in (0..<8).reversed() {
      // Doubles; the polynomial's lower part replaces the bit that leaves the byte.
      result = result << 1 ^ (result & 0x80 == 0 ? 0 : 0x1D)
      if right >> bit & 1 == 1 { result ^= left }
    }
    return result
  }
}
