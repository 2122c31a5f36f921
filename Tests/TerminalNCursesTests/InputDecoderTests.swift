import TerminalUI
import Testing
import UploadTestSupport

@testable import TerminalNCurses

@Suite struct InputDecoderTests {
  /// The events of bytes that arrive in several chunks, with a pause after the last one only.
  private func events(_ chunks: [[UInt8]]) -> [InputEvent] {
    var decoder = InputDecoder()
    var events = chunks.joined().compactMap { decoder.feed(.byte($0)) }
    if let event = decoder.idle() { events.append(event) }
    return events
  }

  private func events(_ text: String) -> [InputEvent] {
    events([Array(text.utf8)])
  }

  @Test(arguments: [
    ("x", KeyEvent("x")), ("X", KeyEvent("X")), (" ", KeyEvent(" ")), ("é", KeyEvent("é")), ("漢", KeyEvent("漢")),
    ("👍", KeyEvent("👍")), ("\r", KeyEvent(.enter)), ("\n", KeyEvent(.enter)), ("\t", KeyEvent(.tab)),
    ("\u{7F}", KeyEvent(.backspace)), ("\u{8}", KeyEvent(.backspace)), ("\u{1}", KeyEvent("a", .control)),
    ("\u{1A}", KeyEvent("z", .control)), ("\0", KeyEvent(" ", .control)), ("\u{1F}", KeyEvent("_", .control)),
    ("\u{1B}", KeyEvent(.escape)), ("\u{1B}x", KeyEvent("x", .alt)), ("\u{1B}é", KeyEvent("é", .alt)),
    ("\u{1B}\u{7F}", KeyEvent(.backspace, .alt)), ("\u{1B}\u{1}", KeyEvent("a", [.alt, .control])),
    ("\u{1B}[A", KeyEvent(.up)), ("\u{1B}OA", KeyEvent(.up)), ("\u{1B}[1;5D", KeyEvent(.left, .control)),
    ("\u{1B}[1;2C", KeyEvent(.right, .shift)), ("\u{1B}[1;3B", KeyEvent(.down, .alt)),
    ("\u{1B}[1;8H", KeyEvent(.home, [.shift, .alt, .control])), ("\u{1B}[Z", KeyEvent(.tab, .shift)),
    ("\u{1B}[3~", KeyEvent(.delete)), ("\u{1B}[3;5~", KeyEvent(.delete, .control)), ("\u{1B}[5~", KeyEvent(.pageUp)),
    ("\u{1B}[15~", KeyEvent(.function(5))), ("\u{1B}[24;2~", KeyEvent(.function(12), .shift)),
    ("\u{1B}OP", KeyEvent(.function(1))), ("\u{1B}[1;5P", KeyEvent(.function(1), .control)),
  ])
  func `each key is decoded from its bytes`(_ text: String, _ key: KeyEvent) {
    #expect(events(text) == [.key(key)])
  }

  /// The beginning of a sequence is also sent by Alt with a letter: the next key is not part of a sequence.
  @Test(arguments: [("\u{1B}O", KeyEvent("O", .alt)), ("\u{1B}[", KeyEvent("[", .alt))])
  func `Alt with the beginning of a sequence is a key when no byte follows`(_ text: String, _ key: KeyEvent) {
    var decoder = InputDecoder()
    #expect(text.utf8.compactMap { decoder.feed(.byte($0)) }.isEmpty)
    #expect(decoder.idle() == .key(key))
    #expect(decoder.feed(.byte(UInt8(ascii: "q"))) == .key(KeyEvent("q")))
  }

  @Test func `the sequences for focus in and focus out are decoded`() {
    #expect(events("\u{1B}[I\u{1B}[O") == [.focus(true), .focus(false)])
  }

  @Test func `Escape twice is two keys`() {
    #expect(events("\u{1B}\u{1B}") == [.key(KeyEvent(.escape)), .key(KeyEvent(.escape))])
  }

  @Test func `a key that ncurses has decoded is an event, with Alt if it follows ESC`() {
    var decoder = InputDecoder()
    #expect(decoder.feed(.key(.up)) == .key(KeyEvent(.up)))
    #expect(decoder.feed(.byte(0x1B)) == nil)
    #expect(decoder.feed(.key(.up)) == .key(KeyEvent(.up, .alt)))
    #expect(decoder.feed(.key(.up)) == .key(KeyEvent(.up)))
  }

  @Test(arguments: [
    "\u{1B}[?1;2c", "\u{1B}[99~", "\u{1B}[<0;1;1M", "\u{1B}[1;99999999999999999999A", "\u{1B}[201~",
    "\u{1B}[;;;;;y", "\u{1B}[" + String(repeating: "1;", count: 1000) + "A", "\u{1B}Oz", "\u{1B}[ q",
  ])
  func `an unknown CSI or SS3 sequence yields no character, and the key after it is decoded`(_ sequence: String) {
    let known = events(sequence + "q").filter { $0 != .key(KeyEvent(.up)) }
    #expect(known == [.key(KeyEvent("q"))])
  }

  @Test func `a sequence after an incomplete one is decoded`() {
    #expect(events("\u{1B}[1;\u{1B}[A") == [.key(KeyEvent(.up))])
  }

  @Test func `incomplete and invalid UTF-8 is dropped, and the key after it is decoded`() {
    #expect(events([[0xE6, 0xBC], Array("q".utf8)]) == [.key(KeyEvent("q"))])
    #expect(events([[0xFF, 0x80, 0xC0, 0xAF, 0xED, 0xA0, 0x80], Array("q".utf8)]) == [.key(KeyEvent("q"))])
  }

  @Test func `events do not depend on how input is split into chunks`() {
    let text = "a\u{1B}[1;5D漢\u{1B}[200~two\rlines\u{1B}[201~\u{1B}OP\u{1B}[Iq"
    let whole = events(text)
    #expect(whole.count == 7)
    #expect(whole.contains(.paste("two\nlines")))
    // A pause within a sequence is no key, except after its first bytes: ESC, and Alt with a letter, look the same.
    for chunks in SplitFeeder.ways(Array(text.utf8)) {
      var decoder = InputDecoder()
      var found: [InputEvent] = []
      var fed: [UInt8] = []
      for chunk in chunks {
        found += chunk.compactMap { decoder.feed(.byte($0)) }
        fed += chunk
        let isKey = [[0x1B], Array("\u{1B}[".utf8), Array("\u{1B}O".utf8)].contains { fed.suffix($0.count) == $0[...] }
        if !isKey, let event = decoder.idle() { found.append(event) }
      }
      #expect(found == whole)
    }
  }

  @Test func `random parts of sequences with pauses do not trap`() {
    var random = SplitMix64(seed: 7)
    let alphabet = Array("\u{1B}\u{1B}[[O;0129~~MAZIu<? \r\u{7F}".utf8) + [0xC3, 0xA9, 0xF0, 0x9F, 0xFF, 0x80, 0]
    var decoder = InputDecoder()
    var count = 0
    for _ in 0..<200_000 {
      let byte = alphabet.randomElement(using: &random) ?? 0
      if decoder.feed(.byte(byte)) != nil { count += 1 }
      if UInt8.random(in: 0...20, using: &random) == 0, decoder.idle() != nil { count += 1 }
    }
    #expect(count > 1000)
  }
}

@Suite struct PasteBufferTests {
  /// The pasted text; nil when the paste has not ended.
  private func paste(_ text: String) -> String? {
    var buffer = PasteBuffer()
    for byte in text.utf8 {
      if let text = buffer.append(byte) { return text }
    }
    return nil
  }

  @Test func `a paste ends only at its complete closing sequence`() {
    #expect(paste("a\u{1B}[20") == nil)
    #expect(paste("a\u{1B}[201~") == "a")
    #expect(paste("\u{1B}[201~") == "")
    #expect(paste("a\u{1B}\u{1B}[20\u{1B}[201~") == "a\u{1B}\u{1B}[20")
  }

  @Test func `CR and CR LF in a paste become LF`() {
    #expect(paste("a\rb\r\nc\nd\r\r\u{1B}[201~") == "a\nb\nc\nd\n\n")
  }

  @Test(arguments: [-7, -6, -1, 0, 1, 5, 6, 7, 1000])
  func `a paste of about 1 MiB is kept without its bytes beyond 1 MiB`(_ excess: Int) throws {
    let text = String(repeating: "x", count: PasteBuffer.limit + excess)
    let pasted = try #require(paste(text + "\u{1B}[201~"))
    #expect(pasted.utf8.count == min(PasteBuffer.limit, PasteBuffer.limit + excess))
    #expect(pasted.utf8.allSatisfy { $0 == UInt8(ascii: "x") })
  }
}
