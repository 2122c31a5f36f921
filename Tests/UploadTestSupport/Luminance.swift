import Glibc

/// Relative luminance and contrast (WCAG 2.2) of the colours of a terminal.
package enum Luminance {
  /// The luminance of a colour of the palette, 0 to 1.
  package static func of(palette index: UInt8) -> Double {
    let weights = [0.2126, 0.7152, 0.0722]
    return zip(weights, components(index)).reduce(0) { sum, part in
      let value = Double(part.1) / 255
      return sum + part.0 * (value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4))
    }
  }

  /// The contrast of two luminances, 1 to 21.
  package static func contrast(_ first: Double, _ second: Double) -> Double {
    (max(first, second) + 0.05) / (min(first, second) + 0.05)
  }

  /// The palette of xterm, of which only the colours above 15 are the same everywhere.
  private static func components(_ index: UInt8) -> [UInt8] {
    let index = Int(index)
    switch index {
    case 0..<16:
      return [
        [0, 0, 0], [205, 0, 0], [0, 205, 0], [205, 205, 0], [0, 0, 238], [205, 0, 205], [0, 205, 205], [229, 229, 229],
        [127, 127, 127], [255, 0, 0], [0, 255, 0], [255, 255, 0], [92, 92, 255], [255, 0, 255], [0, 255, 255],
        [255, 255, 255],
      ][index]
    case 16..<232:
      let steps: [UInt8] = [0, 95, 135, 175, 215, 255]
      let place = index - 16
      return [steps[place / 36], steps[place / 6 % 6], steps[place % 6]]
    default: return Array(repeating: UInt8(8 + (index - 232) * 10), count: 3)
    }
  }
}
