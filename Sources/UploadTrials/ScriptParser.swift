import DashboardApp
package import TerminalUI
import UploadCore

/// Reads a script for the dashboard: one command per text line.
///
/// A command consists of terms that are separated by blanks; a term in double quotes may contain blanks. In quotes `\"`, `\\`,
/// `\n`, `\t`, `\e` (escape) and `\u{1F600}` stand for characters. A `#` where a term could begin starts a comment.
enum ScriptParser {
  /// Why a text line of the script is no command.
  struct Failure: Error {
    /// The number of the text line, from 1; 0 only within the parser.
    var line = 0
    /// What is wrong, for people; without the number.
    let reason: String
  }

  /// How long commands wait where the script states no time.
  private static let patience = Duration.seconds(10)

  /// The commands of a script, without blank lines and comments.
  /// - Throws: ``Failure`` for the first text line that is no command.
  static func parse(_ script: String) throws(Failure) -> [ScriptLine] {
    var lines: [ScriptLine] = []
    for (index, text) in script.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      do throws(Failure) {
        let terms = try terms(of: text)
        guard let name = terms.first else { continue }
        let command = try command(name, terms.dropFirst())
        lines.append(ScriptLine(number: index + 1, text: String(text), command: command))
      } catch {
        throw Failure(line: index + 1, reason: error.reason)
      }
    }
    return lines
  }

  // MARK: Commands

  /// - Parameter terms: those after the command's name.
  private static func command(_ name: String, _ terms: ArraySlice<String>) throws(Failure) -> ScriptCommand {
    switch name {
    case "key": return .keys(try keys(terms))
    case "keys": return .keys(try only(terms, "a text").map { KeyEvent($0) })
    case "type": return .type(try only(terms, "a text"))
    case "paste": return .paste(try only(terms, "a text"))
    case "resize":
      return .resize(try require(ScreenSize.parse(try only(terms, "a size")), "needs a size, such as 80x24"))
    case "expect": return .expect(try text(terms), within: try patience(terms.dropFirst()))
    case "expect-not": return .expectNot(try text(terms), within: try patience(terms.dropFirst()))
    case "wait":
      guard terms.first == "idle" else { throw Failure(reason: "wait for what? Write: wait idle [within 10s]") }
      return .waitIdle(within: try patience(terms.dropFirst()))
    case "frame": return .frame(try frameName(try only(terms, "a name")))
    case "send": return try send(terms)
    case "quit":
      guard terms.isEmpty else { throw Failure(reason: "quit has no parameters") }
      return .quit
    default:
      throw Failure(
        reason: "\"\(PlainText.sanitized(name))\" is no command. There are: key, keys, type, paste, resize, expect, "
          + "expect-not, wait idle, frame, send, quit"
      )
    }
  }

  /// The one term after the name of a command that has exactly one.
  /// - Parameter title: what the term is, for the message.
  private static func only(_ terms: ArraySlice<String>, _ title: String) throws(Failure) -> String {
    let reason = "needs \(title), and nothing else; put text with blanks in \"...\""
    return try require(terms.count == 1 ? terms.first : nil, reason)
  }

  /// - Throws: ``Failure`` with `reason` when `value` is nil.
  private static func require<Value>(_ value: Value?, _ reason: String) throws(Failure) -> Value {
    guard let value else { throw Failure(reason: reason) }
    return value
  }

  /// The keys of `key`.
  private static func keys(_ names: ArraySlice<String>) throws(Failure) -> [KeyEvent] {
    guard !names.isEmpty else { throw Failure(reason: "needs keys, such as u, Enter, Ctrl-C, F1") }
    return try names.map { (name) throws(Failure) -> KeyEvent in
      let reason = "there is no key \"\(PlainText.sanitized(name))\"; there are u, Enter, Ctrl-C, F1 and such"
      return try require(KeyName.key(name), reason)
    }
  }

  /// The text of `expect` and `expect-not`; not empty.
  private static func text(_ terms: ArraySlice<String>) throws(Failure) -> String {
    guard let text = terms.first, !text.isEmpty else { throw Failure(reason: "needs the text to look for") }
    return text
  }

  /// How long a command waits: `within 5s`, or ``patience`` without terms.
  private static func patience(_ terms: ArraySlice<String>) throws(Failure) -> Duration {
    guard let first = terms.first else { return patience }
    guard first == "within", terms.count == 2, let time = terms.last, let patience = try? TimeText.parse(time) else {
      throw Failure(reason: "may end with a time: within 5s; put text with blanks in \"...\"")
    }
    return patience
  }

  /// A name that cannot lead out of the directory for frames.
  private static func frameName(_ name: String) throws(Failure) -> String {
    let isGood = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    guard isGood, (1...100).contains(name.utf8.count), name.first != "." else {
      throw Failure(reason: "a frame's name consists of letters, digits, -, _ and ., and does not begin with a dot")
    }
    return name
  }

  private static func send(_ terms: ArraySlice<String>) throws(Failure) -> ScriptCommand {
    guard let path = terms.first, !path.isEmpty, terms.count <= 2 else {
      throw Failure(reason: "needs a file, and optionally a mode")
    }
    guard let name = terms.dropFirst().first else { return .send(path: path, mode: nil) }
    let modes = SendMode.allCases.map(\.rawValue).joined(separator: ", ")
    return .send(path: path, mode: try require(SendMode(rawValue: name), "the modes are \(modes)").uploadMode)
  }

  // MARK: Terms

  /// The terms of a text line, without quotation marks; none for a blank line and a comment.
  private static func terms(of line: Substring) throws(Failure) -> [String] {
    var rest = line.drop(while: \.isWhitespace)
    var terms: [String] = []
    while let first = rest.first, first != "#" {
      if first == "\"" {
        rest.removeFirst()
        terms.append(try quoted(&rest))
        guard rest.first?.isWhitespace ?? true else { throw Failure(reason: "there must be a blank after \"...\"") }
      } else {
        let term = rest.prefix { !$0.isWhitespace }
        terms.append(String(term))
        rest = rest[term.endIndex...]
      }
      rest = rest.drop(while: \.isWhitespace)
    }
    return terms
  }

  /// Removes the rest of a quoted term and its closing quotation mark from the front of `rest`.
  private static func quoted(_ rest: inout Substring) throws(Failure) -> String {
    var text = ""
    while let character = rest.popFirst() {
      switch character {
      case "\"": return text
      case "\\": text.append(try escaped(&rest))
      default: text.append(character)
      }
    }
    throw Failure(reason: "a \" has no closing one")
  }

  /// Removes an escape sequence without its backslash from the front of `rest`.
  private static func escaped(_ rest: inout Substring) throws(Failure) -> Character {
    switch rest.popFirst() {
    case "\"": return "\""
    case "\\": return "\\"
    case "n": return "\n"
    case "t": return "\t"
    case "e": return "\u{1B}"
    case "u":
      guard rest.popFirst() == "{", let end = rest.firstIndex(of: "}"),
        let value = UInt32(rest[..<end], radix: 16), let scalar = Unicode.Scalar(value)
      else { throw Failure(reason: "\\u needs a character's number, as in \\u{1F600}") }
      rest = rest[end...].dropFirst()
      return Character(scalar)
    case let other:
      throw Failure(reason: "\\\(other.map(String.init) ?? "") is not known; write \\\\ for a backslash")
    }
  }
}

/// A command, and its place in the script.
struct ScriptLine: Hashable, Sendable {
  /// The number of the text line in the script, from 1.
  var number: Int
  /// The whole text line, with its comment, for messages.
  var text: String
  var command: ScriptCommand
}

/// One command of a script for the dashboard.
enum ScriptCommand: Hashable, Sendable {
  /// `key u`, `key Down Down Enter`, `keys "text"`: keys, one after the other, each handled before the next.
  case keys([KeyEvent])
  /// `type "text"`: the keys of a text, all at once.
  case type(String)
  /// `paste "text"`: a text that is pasted as a whole.
  case paste(String)
  /// `resize 80x24`: another size of the screen, in columns and rows.
  case resize(Size)
  /// `expect "text" [within 5s]`: waits until the screen shows the text; fails when it does not within that time.
  case expect(String, within: Duration)
  /// `expect-not "text" [within 5s]`: waits until the screen does not show the text; fails when it still does after that
  /// time.
  case expectNot(String, within: Duration)
  /// `wait idle [within 10s]`: waits until no upload runs or is queued, and the results of all effects have arrived; fails
  /// when that is not so within that time.
  case waitIdle(within: Duration)
  /// `frame NAME`: writes what the screen shows to a file in the directory for frames, if there is one.
  case frame(String)
  /// `send FILE [stream|multipart|buffered]`: begins to send a file to the server in this process; a nil mode
  /// is that of the settings.
  case send(path: String, mode: UploadMode?)
  /// `quit`: quits the dashboard without a question, and cancels the uploads that run or are queued.
  case quit
}

/// Keys by the names that the help shows: `x`, `Enter`, `Ctrl-C`, `Shift-Tab`, `F1`, `Space`.
enum KeyName {
  /// The key called `name`; nil when there is none. Case matters only where the key is a character without `Ctrl-`.
  static func key(_ name: String) -> KeyEvent? {
    var rest = name[...]
    var modifiers: KeyModifiers = []
    while let (prefix, modifier) = self.modifiers.first(where: {
      rest.count > $0.0.count && rest.prefix($0.0.count).lowercased() == $0.0
    }) {
      rest = rest.dropFirst(prefix.count)
      modifiers.insert(modifier)
    }
    let lower = rest.lowercased()
    if rest.count == 1, let character = rest.first {
      return KeyEvent(modifiers.contains(.control) ? lower.first ?? character : character, modifiers)
    }
    if let key = keys[lower] { return KeyEvent(key, modifiers) }
    guard lower.hasPrefix("f"), let number = Int(lower.dropFirst()), (1...24).contains(number) else { return nil }
    return KeyEvent(.function(number), modifiers)
  }

  private static let modifiers: [(String, KeyModifiers)] = [("ctrl-", .control), ("alt-", .alt), ("shift-", .shift)]

  private static let keys: [String: Key] = [
    "space": .character(" "), "enter": .enter, "tab": .tab, "esc": .escape, "escape": .escape,
    "backspace": .backspace, "del": .delete, "delete": .delete, "ins": .insert, "insert": .insert, "up": .up,
    "down": .down, "left": .left, "right": .right, "home": .home, "end": .end, "pgup": .pageUp, "pageup": .pageUp,
    "pgdn": .pageDown, "pagedown": .pageDown,
  ]
}

/// A screen's size on the command line and in scripts, such as `120x34`.
package enum ScreenSize {
  /// Columns and rows, each from 1 to 4,096; nil when `text` has another form.
  package static func parse(_ text: String) -> Size? {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false)
    guard parts.count == 2, let width = Int(parts[0]), let height = Int(parts[1]),
      (1...4096).contains(width), (1...4096).contains(height)
    else { return nil }
    return Size(width: width, height: height)
  }
}
