import TerminalUI

extension VirtualTerminal {
  private typealias Input = Substring.UnicodeScalarView

  /// Interprets bytes that consist of complete sequences and complete characters.
  mutating func show(_ bytes: some Collection<UInt8>) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return problems.append("not UTF-8") }
    var input = text[...].unicodeScalars
    while let scalar = input.popFirst() {
      switch scalar {
      case "\u{1B}": escape(&input)
      case "\u{8}": move(x: x - 1)
      case "\t": move(x: (x / 8 + 1) * 8)
      case "\n": lineFeed()
      case "\r": move(x: 0)
      // Which of two character sets: both are the plain one here.
      case "\u{E}", "\u{F}": break
      default: write(scalar)
      }
    }
  }

  private mutating func escape(_ input: inout Input) {
    switch input.popFirst() {
    case "[": controlSequence(&input)
    case "]": commands.append(string(&input))
    case "(", ")":
      // Only the plain character sets.
      if let set = input.popFirst(), !"B0".unicodeScalars.contains(set) { problems.append("character set \(set)") }
    case "7": save()
    case "8": restore()
    case "M": reverseLineFeed()
    case "=", ">": break
    case let other: problems.append("ESC \(other.map(String.init) ?? "at the end")")
    }
  }

  /// Removes and returns the content of an operating system command up to BEL, with which this project ends it.
  private mutating func string(_ input: inout Input) -> String {
    let content = input.prefix { $0 != "\u{7}" }
    if let bad = content.first(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) {
      problems.append("U+\(String(bad.value, radix: 16)) in a string")
    }
    input = input.dropFirst(content.count)
    if input.popFirst() == nil { problems.append("a string without an end") }
    return String(String.UnicodeScalarView(content))
  }

  /// ECMA-48 section 5.4: parameters, intermediates, and a final byte that names the function.
  private mutating func controlSequence(_ input: inout Input) {
    let content = input.prefix { (0x20...0x3F).contains($0.value) }
    input = input.dropFirst(content.count)
    let text = String(String.UnicodeScalarView(content))
    guard let final = input.popFirst() else { return problems.append("a sequence without an end") }
    let isPrivate = text.hasPrefix("?")
    let parameters = (isPrivate ? text.dropFirst() : text[...]).split(separator: ";", omittingEmptySubsequences: false)
      .map { Int($0) ?? (($0.isEmpty) ? 0 : -1) }
    guard !parameters.contains(-1), !isPrivate || "hlc".unicodeScalars.contains(final) else {
      return problems.append("CSI \(text)\(final)")
    }
    switch final {
    case "h", "l": for mode in parameters { set(mode, isPrivate: isPrivate, to: final == "h") }
    case "m": select(parameters)
    // The shape of a linux console's cursor.
    case "c" where isPrivate: break
    default: act(final, parameters)
    }
  }

  private mutating func act(_ final: Unicode.Scalar, _ parameters: [Int]) {
    let first = parameters.first ?? 0
    let count = max(1, first)
    let second = parameters.count > 1 ? parameters[1] : 0
    switch final {
    case "A": move(y: y - count)
    case "B": move(y: y + count)
    case "C": move(x: x + count)
    case "D": move(x: x - count)
    case "G": move(x: count - 1)
    case "d": move(y: count - 1)
    case "H": move(x: max(1, second) - 1, y: count - 1)
    case "Z": move(x: max(0, (x - 1) / 8 * 8))
    case "J": eraseScreen(first)
    case "K": erase(x: first == 0 ? x..<size.width : 0..<(first == 1 ? x + 1 : size.width))
    case "X": erase(x: x..<x + count)
    case "@": insertBlanks(count)
    case "P": deleteCells(count)
    case "L": scroll(-count, from: y)
    case "M": scroll(count, from: y)
    case "S": scroll(count)
    case "T": scroll(-count)
    case "b": repeatLast(count)
    case "r": setMargins(count - 1, (second == 0 ? size.height : second) - 1)
    // The window's title, kept and put back.
    case "t" where first == 22 || first == 23: break
    default: problems.append("CSI \(parameters)\(final)")
    }
  }

  private mutating func eraseScreen(_ part: Int) {
    if part == 0 { erase(x: x..<size.width) }
    if part == 1 { erase(x: 0..<x + 1) }
    erase(rows: part == 0 ? y + 1..<max(y + 1, size.height) : 0..<(part == 1 ? y : size.height))
  }

  private mutating func set(_ mode: Int, isPrivate: Bool, to isOn: Bool) {
    switch (mode, isPrivate) {
    case (4, false): inserts = isOn
    case (7, true): wraps = isOn
    case (25, true): isCursorShown = isOn
    case (1049, true):
      isAlternate = isOn
      if isOn { erase(rows: 0..<size.height) }
    // Cursor keys, a slow scroll, a blinking cursor, the mouse, the focus, pastes in brackets, frames that appear whole.
    case (1, true), (4, true), (12, true), (1000, true), (1004, true), (1006, true), (2004, true), (2026, true): break
    default: problems.append("mode \(isPrivate ? "?" : "")\(mode)")
    }
  }
}
