import TerminalUI

/// Turns bytes and keys into events: characters from UTF-8, keys with modifiers, pastes, word of the focus.
///
/// A character, a sequence and the end of a paste may come in any number of pieces. What is not understood is dropped
/// whole, so that none of it looks like keys. A pure machine: ``idle()`` tells it that there is no more for now.
struct InputDecoder {
  private enum State {
    case ground
    /// After ESC: the key itself, or the start of a sequence, or Alt with what follows.
    case escape
    /// After ESC O: a key in application mode (SS3).
    case singleShift
    /// After ESC [ and the parameters so far (ECMA-48 section 5.4).
    case controlSequence([UInt8])
    /// In a character of several bytes; `isAlt` when it came behind ESC.
    case character([UInt8], length: Int, isAlt: Bool)
  }

  private var state = State.ground
  /// In a paste; beside the state, so that it grows in place.
  private var paste: PasteBuffer?

  /// Longer ones are no keys; their end is looked for all the same.
  private static let parametersLimit = 32

  mutating func feed(_ unit: InputUnit) -> InputEvent? {
    switch unit {
    case .byte(let byte) where paste != nil:
      guard let text = paste?.append(byte) else { return nil }
      paste = nil
      return .paste(text)
    case .byte(let byte):
      return feed(byte)
    case .key where paste != nil:
      // A paste with what a key sends in it: controls, which nobody wants.
      return nil
    case .key(let key):
      defer { state = .ground }
      if case .escape = state { return .key(KeyEvent(key, .alt)) }
      return .key(KeyEvent(key))
    }
  }

  /// Nothing more has come within the time that the pieces of a sequence are apart: what could be a key so far was one,
  /// ESC or Alt with the character that begins a sequence. A sequence that has gone further waits for its rest, since
  /// with that of a paste what was pasted would look like keys.
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
    case .ground:
      return start(byte, isAlt: false)
    case .escape:
      return afterEscape(byte)
    case .singleShift:
      state = .ground
      return ControlSequence(parameters: [], final: byte).event
    case .controlSequence(let parameters):
      return continueSequence(parameters, byte)
    case .character(let bytes, let length, let isAlt):
      guard byte & 0xC0 == 0x80 else { return start(byte, isAlt: false) }
      return continueCharacter(bytes + [byte], length: length, isAlt: isAlt)
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
    case 0xC2..<0xE0: return continueCharacter([byte], length: 2, isAlt: isAlt)
    case 0xE0..<0xF0: return continueCharacter([byte], length: 3, isAlt: isAlt)
    case 0xF0..<0xF5: return continueCharacter([byte], length: 4, isAlt: isAlt)
    default: return nil
    }
  }

  private mutating func afterEscape(_ byte: UInt8) -> InputEvent? {
    switch byte {
    case 0x1B:
      // The first was the key; what the second is remains to be seen.
      return .key(KeyEvent(.escape))
    case UInt8(ascii: "["):
      state = .controlSequence([])
      return nil
    case UInt8(ascii: "O"):
      state = .singleShift
      return nil
    default:
      return start(byte, isAlt: true)
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
      if sequence.isPasteStart { paste = PasteBuffer() }
      return sequence.event
    default:
      return start(byte, isAlt: false)
    }
  }

  private mutating func continueCharacter(_ bytes: [UInt8], length: Int, isAlt: Bool) -> InputEvent? {
    guard bytes.count == length else {
      state = .character(bytes, length: length, isAlt: isAlt)
      return nil
    }
    state = .ground
    guard let text = String(validating: bytes, as: UTF8.self), let character = text.first else { return nil }
    return .key(KeyEvent(character, isAlt ? .alt : []))
  }

  /// Control characters are the keys that send them (ASCII: Ctrl takes 64 from the letter).
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
