import TerminalUI

/// A key or a message as xterm sends it: CSI, parameters, a final byte ("XTerm Control Sequences", "PC-Style Function Keys").
struct ControlSequence {
  /// Numbers; one left out is 0. Nil when there is anything but digits and semicolons.
  private let numbers: [Int]?
  private let final: Character

  /// - Parameters:
  ///   - parameters: what stands between CSI and `final`; empty for SS3.
  ///   - final: the last byte.
  init(parameters: [UInt8], final: UInt8) {
    self.final = Character(Unicode.Scalar(final))
    let pieces = parameters.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
    let numbers = pieces.map { $0.isEmpty ? 0 : Int(String(decoding: $0, as: UTF8.self)) }
    self.numbers = numbers.contains { $0 == nil || ($0 ?? 0) < 0 } ? nil : numbers.compactMap { $0 }
  }

  /// Whether a paste follows.
  var isPasteStart: Bool { final == "~" && numbers == [200] }

  /// The event, when it is one we know.
  var event: InputEvent? {
    guard let numbers else { return nil }
    switch final {
    case "I" where numbers == [0]: return .focus(true)
    case "O" where numbers == [0]: return .focus(false)
    case "Z": return .key(KeyEvent(.tab, .shift))
    case "~": return Self.keys[numbers.first ?? 0].map { .key(KeyEvent($0, modifiers)) }
    default: return Self.letters[final].map { .key(KeyEvent($0, modifiers)) }
    }
  }

  /// The second parameter is one more than the modifiers' bits.
  private var modifiers: KeyModifiers {
    guard let numbers, numbers.count > 1, (1...8).contains(numbers[1]) else { return [] }
    return KeyModifiers(rawValue: UInt8(numbers[1] - 1))
  }

  private static let letters: [Character: Key] = [
    "A": .up, "B": .down, "C": .right, "D": .left, "H": .home, "F": .end, "M": .enter,
    "P": .function(1), "Q": .function(2), "R": .function(3), "S": .function(4),
  ]

  private static let keys: [Int: Key] = [
    1: .home, 2: .insert, 3: .delete, 4: .end, 5: .pageUp, 6: .pageDown, 7: .home, 8: .end,
    11: .function(1), 12: .function(2), 13: .function(3), 14: .function(4), 15: .function(5), 17: .function(6),
    18: .function(7), 19: .function(8), 20: .function(9), 21: .function(10), 23: .function(11), 24: .function(12),
  ]
}
