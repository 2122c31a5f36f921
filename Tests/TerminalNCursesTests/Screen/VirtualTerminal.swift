import Basics

@testable import TerminalUI

/// The screen of an xterm, computed from the bytes sent to it (ECMA-48, and "XTerm Control Sequences"). It supports the
/// sequences that ncurses uses with the terminfo entries of the tests.
///
/// Unknown sequences and unprintable characters are recorded as problems: only ncurses and this project's own sequences
/// may reach a terminal.
struct VirtualTerminal {
  private(set) var size: Size
  private(set) var rows: [[ShownCell]]
  /// Errors in the bytes, in order.
  var problems: [String] = []
  /// The contents of the operating system commands (OSC) so far, in order, without their first and last bytes.
  var commands: [String] = []
  var isCursorShown = true
  var isAlternate = false
  /// Whether writing at the end of a row continues in the next one (DECAWM).
  var wraps = true
  /// Whether writing moves the rest of the row (IRM).
  var inserts = false
  var style = Style.plain
  private(set) var x = 0
  private(set) var y = 0
  /// The last column has been written: the next character goes to the next row.
  private var isPastEnd = false
  private var saved = (x: 0, y: 0)
  private var margins: ClosedRange<Int>
  private var lastWritten: Unicode.Scalar?

  init(_ size: Size) {
    self.size = size
    rows = Array(repeating: Array(repeating: ShownCell(), count: size.width), count: size.height)
    margins = 0...max(0, size.height - 1)
  }

  var text: String {
    rows.map { $0.map(\.text).joined() + "\n" }.joined()
  }

  /// A blank cell as clearing makes it: with the current background (terminfo's `bce`).
  var blank: ShownCell { ShownCell(style: Style(background: style.background)) }

  /// Changes the size; keeps the cells that fit, from the upper left corner.
  mutating func resize(_ size: Size) {
    let old = self
    self = VirtualTerminal(size)
    (problems, commands, style) = (old.problems, old.commands, old.style)
    (isCursorShown, isAlternate, wraps, inserts) = (old.isCursorShown, old.isAlternate, old.wraps, old.inserts)
    for y in 0..<min(size.height, old.size.height) {
      for x in 0..<min(size.width, old.size.width) { rows[y][x] = old.rows[y][x] }
    }
    move(x: old.x, y: old.y)
  }

  // MARK: Writing

  mutating func write(_ scalar: Unicode.Scalar) {
    switch ScalarKind(scalar) {
    case .narrow: write(scalar, width: 1)
    case .wide: write(scalar, width: 2)
    case .mark: combine(scalar)
    default: problems.append("U+\(String(scalar.value, radix: 16, uppercase: true)) has no place on a screen")
    }
  }

  private mutating func write(_ scalar: Unicode.Scalar, width: Int) {
    guard width <= size.width else { return }
    if isPastEnd || x + width > size.width {
      if wraps {
        x = 0
        lineFeed()
      } else {
        x = size.width - width
      }
    }
    if inserts { insertBlanks(width) }
    for column in x..<x + width { clearHalves(column) }
    rows[y][x] = ShownCell(text: String(scalar), style: style)
    if width == 2 { rows[y][x + 1] = ShownCell(text: "", style: style) }
    isPastEnd = x + width == size.width
    x = min(x + width, size.width - 1)
    lastWritten = scalar
  }

  private mutating func combine(_ mark: Unicode.Scalar) {
    var column = isPastEnd ? x : x - 1
    if column > 0, rows[y][column].text.isEmpty { column -= 1 }
    guard column >= 0 else { return problems.append("a combining mark with nothing to combine with") }
    rows[y][column].text.unicodeScalars.append(mark)
  }

  /// Of a wide character that loses one half, the other becomes a space.
  private mutating func clearHalves(_ column: Int) {
    if rows[y][column].text.isEmpty, column > 0 { rows[y][column - 1].text = " " }
    if column + 1 < size.width, rows[y][column + 1].text.isEmpty { rows[y][column + 1].text = " " }
  }

  mutating func repeatLast(_ count: Int) {
    guard let lastWritten else { return problems.append("nothing to repeat") }
    for _ in 0..<count { write(lastWritten) }
  }

  // MARK: Moving

  mutating func move(x: Int? = nil, y: Int? = nil) {
    self.x = min(max(0, x ?? self.x), size.width - 1)
    self.y = min(max(0, y ?? self.y), size.height - 1)
    isPastEnd = false
  }

  mutating func lineFeed() {
    if y == margins.upperBound { scroll(1) } else { move(y: y + 1) }
    isPastEnd = false
  }

  mutating func reverseLineFeed() {
    if y == margins.lowerBound { scroll(-1) } else { move(y: y - 1) }
  }

  mutating func save() { saved = (x, y) }

  mutating func restore() { move(x: saved.x, y: saved.y) }

  mutating func setMargins(_ top: Int, _ bottom: Int) {
    guard top < bottom, bottom < size.height else { return }
    margins = top...bottom
    move(x: 0, y: 0)
  }

  // MARK: Clearing and shifting

  mutating func erase(x columns: Range<Int>) {
    for column in columns.clamped(to: 0..<size.width) {
      clearHalves(column)
      rows[y][column] = blank
    }
  }

  mutating func erase(rows range: Range<Int>) {
    for row in range.clamped(to: 0..<size.height) { rows[row] = Array(repeating: blank, count: size.width) }
  }

  mutating func insertBlanks(_ count: Int) {
    clearHalves(x)
    let row = rows[y]
    rows[y] = Array((row[..<x] + Array(repeating: blank, count: min(count, size.width)) + row[x...]).prefix(size.width))
  }

  mutating func deleteCells(_ count: Int) {
    clearHalves(x)
    let end = min(x + count, size.width)
    if end < size.width, rows[y][end].text.isEmpty { rows[y][end].text = " " }
    rows[y].removeSubrange(x..<end)
    rows[y] += Array(repeating: blank, count: end - x)
  }

  /// Moves the rows between the margins up by `count`, or down when it is negative; blank rows take their place.
  /// - Parameter top: the first row that moves, from 0; nil for the upper margin. Nothing moves if it is outside the
  ///   margins.
  mutating func scroll(_ count: Int, from top: Int? = nil) {
    let first = top ?? margins.lowerBound
    guard margins.contains(first) else { return }
    let empty = Array(repeating: blank, count: size.width)
    for _ in 0..<min(abs(count), size.height) {
      rows.remove(at: count > 0 ? first : margins.upperBound)
      rows.insert(empty, at: count > 0 ? margins.upperBound : first)
    }
  }
}

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
    return Color(index: index)
  }
}
