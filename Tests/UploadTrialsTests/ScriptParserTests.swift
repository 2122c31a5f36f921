import TerminalUI
import Testing
import UploadCore

@testable import UploadTrials

@Suite struct ScriptParserTests {
  private func parse(_ script: String) throws -> [ScriptCommand] {
    try ScriptParser.parse(script).map(\.command)
  }

  @Test func `every command is parsed`() throws {
    let script = #"""
      # a comment

      key u
      key Down shift-tab Ctrl-C F12 X Space # behind it
      keys "ab"
      type "a \"b\" \\ # \u{1F600}"
      paste "/tmp/a b\n\e[31m"
      resize 80x24
      expect "sent"
      expect "sent" within 1.5s
      expect-not failed within 2m
      wait idle
      wait idle within 3s
      frame a-1_x.y
      send "a b.bin"
      send a.bin multipart
      quit
      """#
    #expect(
      try parse(script) == [
        .keys([KeyEvent("u")]),
        .keys([
          KeyEvent(.down), KeyEvent(.tab, .shift), KeyEvent("c", .control), KeyEvent(.function(12)), KeyEvent("X"),
          KeyEvent(" "),
        ]),
        .keys([KeyEvent("a"), KeyEvent("b")]),
        .type("a \"b\" \\ # \u{1F600}"),
        .paste("/tmp/a b\n\u{1B}[31m"),
        .resize(Size(width: 80, height: 24)),
        .expect("sent", within: .seconds(10)),
        .expect("sent", within: .seconds(1.5)),
        .expectNot("failed", within: .seconds(120)),
        .waitIdle(within: .seconds(10)),
        .waitIdle(within: .seconds(3)),
        .frame("a-1_x.y"),
        .send(path: "a b.bin", mode: nil),
        .send(path: "a.bin", mode: .multipart),
        .quit,
      ]
    )
  }

  @Test func `a command has the number and the text of its script line`() throws {
    let lines = try ScriptParser.parse("\r\n# one\r\n  quit # end\r\n")
    #expect(lines == [ScriptLine(number: 3, text: "  quit # end", command: .quit)])
    #expect(try ScriptParser.parse("") == [])
  }

  @Test(arguments: [
    ("press u", "\"press\" is no command"), ("key", "needs keys"), ("key Foo", "no key \"Foo\""), ("key F99", "no key"),
    ("type", "a text"), ("type a b", "a text"), ("type \"a", "no closing one"), ("type \"a\"b", "a blank after"),
    (#"type "\q""#, #"\q is not known"#), (#"type "\u{110000}""#, "number"), (#"type "\u{12"#, "number"),
    (#"type "\"#, "not known"), ("resize 80", "80x24"), ("resize 0x5", "80x24"), ("resize -1x5", "80x24"),
    ("resize 99999x5", "80x24"), ("expect", "text to look for"), ("expect \"\"", "text to look for"),
    ("expect a within", "within 5s"), ("expect a within soon", "within 5s"), ("expect a b", "within 5s"),
    ("wait", "wait idle"), ("wait 5s", "wait idle"), ("frame", "a name"), ("frame ../x", "letters"),
    ("frame a/b", "letters"), ("frame .", "letters"), ("frame .hidden", "letters"), ("frame ü", "letters"),
    ("frame \"\"", "letters"), ("send", "needs a file"), ("send a raw", "modes are"),
    ("send a stream x", "needs a file"),
    ("quit now", "no parameters"), ("\"key", "no closing one"),
  ])
  func `an invalid command is rejected with the number of its script line`(line: String, hint: String) {
    do {
      _ = try ScriptParser.parse("quit\n# two\n\(line)")
      Issue.record("\(line) was accepted")
    } catch {
      #expect(error.line == 3)
      #expect(error.reason.contains(hint), "\(error)")
    }
  }

  /// A script may use the names of keys in the help.
  @Test(arguments: [
    KeyEvent(.enter), KeyEvent(.tab), KeyEvent(.tab, .shift), KeyEvent(.escape), KeyEvent(.backspace),
    KeyEvent(.delete),
    KeyEvent(.insert), KeyEvent(.up), KeyEvent(.down), KeyEvent(.left), KeyEvent(.right, .alt), KeyEvent(.home),
    KeyEvent(.end), KeyEvent(.pageUp), KeyEvent(.pageDown), KeyEvent(.function(1)), KeyEvent(" "), KeyEvent("x"),
    KeyEvent("X"), KeyEvent("?"), KeyEvent("-"), KeyEvent("c", .control), KeyEvent("ü", .alt), KeyEvent("f"),
    KeyEvent("<"), KeyEvent(">"), KeyEvent("*"), KeyEvent("w"),
  ])
  func `keys have the names that the help shows`(key: KeyEvent) {
    #expect(KeyName.key(key.label(.ascii)) == key)
  }

  /// Characters with several scalars, and those whose lower case has more of them.
  @Test(arguments: ["İ", "ß", "ǅ", "é", "👨‍👩‍👧", "ﬃ"]) func `any single character is a key, with control as well`(
    name: String
  ) {
    #expect(KeyName.key(name) == KeyEvent(Character(name)))
    #expect(KeyName.key("Ctrl-" + name) != nil)
    #expect(KeyName.key("") == nil && KeyName.key("F999999999999999999999") == nil)
  }
}
