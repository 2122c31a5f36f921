import TerminalUI

extension VirtualTerminal {
  /// SGR (ECMA-48 section 8.3.117), with xterm's bright colours and its palette of 256.
  mutating func select(_ parameters: [Int]) {
    var left = parameters[...]
    while let parameter = left.popFirst() {
      switch parameter {
      case 0: style = .plain
      case 1: add(.bold)
      case 2: add(.dim)
      case 4: add(.underline)
      case 7: add(.reverse)
      // Which of two character sets: on a linux console.
      case 10: break
      case 22: remove([.bold, .dim])
      case 24: remove(.underline)
      case 27: remove(.reverse)
      case 30...37: style.foreground = color(parameter - 30)
      case 38: style.foreground = paletteColor(&left)
      case 39: style.foreground = .standard
      case 40...47: style.background = color(parameter - 40)
      case 48: style.background = paletteColor(&left)
      case 49: style.background = .standard
      case 90...97: style.foreground = color(parameter - 90 + 8)
      case 100...107: style.background = color(parameter - 100 + 8)
      default: problems.append("SGR \(parameter)")
      }
    }
  }

  private mutating func add(_ attributes: Attributes) {
    style.attributes.formUnion(attributes)
  }

  private mutating func remove(_ attributes: Attributes) {
    style.attributes.subtract(attributes)
  }

  private mutating func paletteColor(_ parameters: inout ArraySlice<Int>) -> Color {
    guard parameters.popFirst() == 5, let index = parameters.popFirst() else {
      problems.append("a colour that is not of the palette")
      return .standard
    }
    return color(index)
  }

  private mutating func color(_ index: Int) -> Color {
    guard let index = UInt8(exactly: index) else {
      problems.append("colour \(index)")
      return .standard
    }
    return .palette(index)
  }
}
