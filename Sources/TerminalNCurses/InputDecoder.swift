import TerminalUI

/// Decodes bytes and keys into events: characters in UTF-8, keys with modifiers, pastes, changes of the focus.
///
/// Bytes may arrive in any grouping. An unknown sequence that begins with CSI or SS3 is dropped completely, so that no
/// part of it looks like a key; strings of other kinds, such as OSC, are not recognized. A pure state machine without a
/// clock: call ``idle()`` when ncurses has no more input for now.
struct InputDecoder {
  private enum State {
    case ground
    /// After ESC: the key itself, the start of a sequence, or Alt with the next key.
    case escape
    /// After ESC O: a key in application mode (SS3).
    case singleShift
    /// After ESC [ and the parameters so far (ECMA-48 section 5.4).
    case controlSequence([UInt8])
    /// In a character of several bytes, the ones so far; `isAlt` when it follows ESC.
    case character([UInt8], isAlt: Bool)
  }

  private var state = State.ground
  /// The current paste; not part of the state, so that it grows in place.
  private var paste: PasteBuffer?

  /// In bytes; sequences with this many or more are no keys and are dropped up to their end.
  private static let parametersLimit = 32

  mutating func feed(_ unit: InputUnit) -> InputEvent? {
    switch unit {
    case .byte(let byte) where paste != nil:
      guard let text = paste?.append(byte) else { return nil }
      paste = nil
      return .paste(text)
    case .byte(let byte): return feed(byte)
    // The paste contains the bytes of a key, which are control characters: they are dropped.
    case .key where paste != nil: return nil
    case .key(let key):
      defer { state = .ground }
      if case .escape = state { return .key(KeyEvent(key, .alt)) }
      return .key(KeyEvent(key))
    }
  }

  /// Call this when no more bytes arrived in time. Bytes that may be a key or begin a sequence then are a key: ESC, or
  /// Alt with `O` or `[`. A longer sequence still waits for its rest: it may begin a paste, whose text would look like
  /// keys.
  /// - Returns: the key; nil when no such bytes were waiting.
  mutating func idle() -> InputEvent? {
    let key: KeyEvent
    switch state {
    case .escape: key = KeyEvent(.escape)
    case .singleShift: key = KeyEvent("O", .alt)
    case .controlSequence([]): key = KeyEvent("[", .alt)
    case .ground, .controlSequence, .character: return nil
    }
    state = .ground
    return .key(key)
  }

  private mutating func feed(_ byte: UInt8) -> InputEvent? {
    switch state {
    case .ground: return start(byte, isAlt: false)
    case .escape: return afterEscape(byte)
    case .singleShift:
      state = .ground
      return ControlSequence(parameters: [], final: byte)?.event
    case .controlSequence(let parameters): return continueSequence(parameters, byte)
    case .character(let bytes, let isAlt):
      guard byte & 0xC0 == 0x80 else { return start(byte, isAlt: false) }
      return continueCharacter(bytes + [byte], isAlt: isAlt)
    }
  }

  private mutating func start(_ byte: UInt8, isAlt: Bool) -> InputEvent? {
    state = .ground
    switch byte {
    case 0x1B:
      state = .escape
      return nil
    case 0..<0x80:
      var event = Self.keyOfASCII(byte)
      if isAlt { event.modifiers.insert(.alt) }
      return .key(event)
    case 0xC2..<0xF5: return continueCharacter([byte], isAlt: isAlt)
    default: return nil
    }
  }

  private mutating func afterEscape(_ byte: UInt8) -> InputEvent? {
    switch byte {
    // The first ESC was the key; the second may begin a sequence.
    case 0x1B: return .key(KeyEvent(.escape))
    case UInt8(ascii: "["):
      state = .controlSequence([])
      return nil
    case UInt8(ascii: "O"):
      state = .singleShift
      return nil
    default: return start(byte, isAlt: true)
    }
  }

  private mutating func continueSequence(_ parameters: [UInt8], _ byte: UInt8) -> InputEvent? {
    switch byte {
    case 0x20..<0x40:
      state = .controlSequence(parameters.count < Self.parametersLimit ? parameters + [byte] : parameters)
      return nil
    case 0x40..<0x7F:
      state = .ground
      guard parameters.count < Self.parametersLimit else { return nil }
      let sequence = ControlSequence(parameters: parameters, final: byte)
      if sequence?.isPasteStart == true { paste = PasteBuffer() }
      return sequence?.event
    default: return start(byte, isAlt: false)
    }
  }

  private mutating func continueCharacter(_ bytes: [UInt8], isAlt: Bool) -> InputEvent? {
    // The first byte of a character in UTF-8 begins with a one bit for each of its bytes.
    guard bytes.count == (~bytes[0]).leadingZeroBitCount else {
      state = .character(bytes, isAlt: isAlt)
      return nil
    }
    state = .ground
    guard let text = String(validating: bytes, as: UTF8.self), let character = text.first else { return nil }
    return .key(KeyEvent(character, isAlt ? .alt : []))
  }

  /// The key that sends an ASCII character (Ctrl subtracts 64 from the code of the letter).
  private static func keyOfASCII(_ byte: UInt8) -> KeyEvent {
    switch byte {
    case 0x09: KeyEvent(.tab)
    case 0x0A, 0x0D: KeyEvent(.enter)
    case 0x08, 0x7F: KeyEvent(.backspace)
    case 0x00: KeyEvent(" ", .control)
    case 0x01...0x1A: KeyEvent(Character(Unicode.Scalar(byte + 0x60)), .control)
    case 0x1B..<0x20: KeyEvent(Character(Unicode.Scalar(byte + 0x40)), .control)
    default: KeyEvent(Character(Unicode.Scalar(byte)))
    }
  }
}

/// A key or a report as xterm sends it: CSI or SS3, parameters, a final byte ("XTerm Control Sequences", "PC-Style
/// Function Keys").
struct ControlSequence {
  /// The parameters; an omitted one is 0.
  private let numbers: [Int]
  private let final: Character

  /// Reads the parameters; nil when they are anything but decimal numbers, perhaps empty, between semicolons.
  /// - Parameters:
  ///   - parameters: the bytes between CSI and `final`; empty for SS3.
  ///   - final: the last byte of the sequence.
  init?(parameters: [UInt8], final: UInt8) {
    self.final = Character(Unicode.Scalar(final))
    let fields = parameters.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
    numbers = fields.compactMap { $0.isEmpty ? 0 : Int(String(decoding: $0, as: UTF8.self)) }
    guard numbers.count == fields.count, numbers.allSatisfy({ $0 >= 0 }) else { return nil }
  }

  /// Whether the sequence begins a bracketed paste, which a ``PasteBuffer`` then receives.
  var isPasteStart: Bool { final == "~" && numbers == [200] }

  /// The key with its modifiers, or the change of the focus; nil for any other sequence.
  var event: InputEvent? {
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
    guard numbers.count > 1, (1...8).contains(numbers[1]) else { return [] }
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

/// Collects the bytes of one paste, from behind its opening sequence up to the closing one (`ESC [ 201 ~`).
struct PasteBuffer {
  /// The most bytes of a paste that are kept; the rest is dropped.
  static let limit = 1 << 20

  private static let end = Array("\u{1B}[201~".utf8)
  private var bytes: [UInt8] = []
  /// How many bytes of the closing sequence the last received bytes are.
  private var matched = 0

  /// Adds a byte. Use a new buffer after it has returned a text.
  /// - Returns: when that byte completes the closing sequence, the text of the first ``limit`` bytes, with LF as line
  ///   ends; otherwise nil.
  mutating func append(_ byte: UInt8) -> String? {
    if bytes.count < Self.limit + Self.end.count { bytes.append(byte) }
    if byte == Self.end[matched] {
      matched += 1
    } else {
      matched = byte == Self.end[0] ? 1 : 0
    }
    guard matched == Self.end.count else { return nil }
    if bytes.suffix(Self.end.count).elementsEqual(Self.end) { bytes.removeLast(Self.end.count) }
    return text
  }

  /// The text. Terminals send CR at the end of a row, as the Enter key does.
  private var text: String {
    var text = String.UnicodeScalarView()
    var isAfterReturn = false
    for scalar in String(decoding: bytes.prefix(Self.limit), as: UTF8.self).unicodeScalars {
      if scalar != "\n" || !isAfterReturn { text.append(scalar == "\r" ? "\n" : scalar) }
      isAfterReturn = scalar == "\r"
    }
    return String(text)
  }
}

/// A unit of input as ncurses returns it, for ``InputDecoder/feed(_:)``.
enum InputUnit {
  /// A byte that belongs to no key of the terminal's terminfo entry: of a character, or of a sequence.
  case byte(UInt8)
  /// A key that ncurses has decoded by the terminal's terminfo entry.
  case key(Key)
}
