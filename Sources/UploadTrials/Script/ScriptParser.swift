import DashboardApp
import TerminalUI
import UploadCore

/// Reads a script for the dashboard: one command a line.
enum ScriptParser {
  /// A line that is no command.
  struct Failure: Error, CustomStringConvertible {
    let line: Int
    let reason: String

    var description: String { "line \(line): \(reason)" }
  }

  /// How long is waited where the script does not say.
  private static let patience = Duration.seconds(10)

  /// - Throws: ``Failure`` for the first line that cannot be understood.
  static func parse(_ script: String) throws(Failure) -> [ScriptLine] {
    var lines: [ScriptLine] = []
    for (index, text) in script.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      do throws(ScriptWords.Failure) {
        let words = try ScriptWords.words(of: String(text))
        guard let name = words.first else { continue }
        let command = try command(name.text, words.dropFirst())
        lines.append(ScriptLine(number: index + 1, text: String(text), command: command))
      } catch {
        throw Failure(line: index + 1, reason: error.reason)
      }
    }
    return lines
  }

  private typealias Words = ArraySlice<ScriptWords.Word>

  private static func command(_ name: String, _ words: Words) throws(ScriptWords.Failure) -> ScriptCommand {
    switch name {
    case "key": return .keys(try keys(words))
    case "keys": return .keys(try only(words, "a text").map { KeyEvent($0) })
    case "type": return .type(try only(words, "a text"))
    case "paste": return .paste(try only(words, "a text"))
    case "resize": return .resize(try size(try only(words, "a size")))
    case "expect": return .expect(try text(words), within: try patience(words.dropFirst()))
    case "expect-not": return .expectNot(try text(words), within: try patience(words.dropFirst()))
    case "wait":
      guard words.first?.text == "idle" else { throw .init(reason: "wait what? There is: wait idle [within 10s]") }
      return .waitIdle(within: try patience(words.dropFirst()))
    case "frame": return .frame(try frameName(try only(words, "a name")))
    case "send": return try send(words)
    case "quit":
      guard words.isEmpty else { throw .init(reason: "quit stands alone") }
      return .quit
    default:
      throw .init(
        reason: "\"\(PlainText.sanitized(name))\" is no command. There are: key, keys, type, paste, resize, expect, "
          + "expect-not, wait idle, frame, send, quit"
      )
    }
  }

  private static func only(_ words: Words, _ what: String) throws(ScriptWords.Failure) -> String {
    guard let word = words.first, words.count == 1 else {
      throw .init(reason: "needs \(what), and nothing else; put what holds blanks in \"...\"")
    }
    return word.text
  }

  private static func keys(_ words: Words) throws(ScriptWords.Failure) -> [KeyEvent] {
    guard !words.isEmpty else { throw .init(reason: "needs keys, such as u, Enter, Ctrl-C, F1") }
    var keys: [KeyEvent] = []
    for word in words {
      guard let key = KeyName.key(word.text) else {
        throw .init(
          reason: "there is no key \"\(PlainText.sanitized(word.text))\"; there are u, Enter, Ctrl-C, F1 and such"
        )
      }
      keys.append(key)
    }
    return keys
  }

  private static func size(_ text: String) throws(ScriptWords.Failure) -> Size {
    guard let size = ScreenSize.parse(text) else { throw .init(reason: "needs a size, such as 80x24") }
    return size
  }

  private static func text(_ words: Words) throws(ScriptWords.Failure) -> String {
    guard let word = words.first, !word.text.isEmpty else { throw .init(reason: "needs the text to look for") }
    return word.text
  }

  /// `within 5s`, or nothing.
  private static func patience(_ words: Words) throws(ScriptWords.Failure) -> Duration {
    guard let first = words.first else { return patience }
    guard first.text == "within", words.count == 2, let time = words.last, let patience = try? TimeText.parse(time.text)
    else { throw .init(reason: "behind it may stand: within 5s; put what holds blanks in \"...\"") }
    return patience
  }

  /// A name that cannot lead out of the directory for frames.
  private static func frameName(_ name: String) throws(ScriptWords.Failure) -> String {
    let isGood = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    guard isGood, (1...100).contains(name.utf8.count), name.first != "." else {
      throw .init(reason: "a frame's name is made of letters, digits, -, _ and ., and begins with none of the last")
    }
    return name
  }

  private static func send(_ words: Words) throws(ScriptWords.Failure) -> ScriptCommand {
    guard let path = words.first?.text, !path.isEmpty, words.count <= 2 else {
      throw .init(reason: "needs a file, and perhaps a mode")
    }
    guard words.count == 2, let name = words.last?.text else { return .send(path: path, mode: nil) }
    guard let mode = SendMode(rawValue: name) else {
      throw .init(reason: "the modes are \(SendMode.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return .send(path: path, mode: mode.uploadMode)
  }
}

/// A command, and where it stands.
struct ScriptLine: Hashable, Sendable {
  /// From 1.
  var number: Int
  /// As it is written, for messages.
  var text: String
  var command: ScriptCommand
}

/// One line of a script for the dashboard.
enum ScriptCommand: Hashable, Sendable {
  /// `key u`, `key Down Down Enter`: keys, one after the other.
  case keys([KeyEvent])
  /// `type "text"`: the keys of a text, all at once.
  case type(String)
  /// `paste "text"`.
  case paste(String)
  /// `resize 80x24`.
  case resize(Size)
  /// `expect "text" [within 5s]`: waits until the screen shows it.
  case expect(String, within: Duration)
  /// `expect-not "text" [within 5s]`: waits until the screen does not show it.
  case expectNot(String, within: Duration)
  /// `wait idle [within 10s]`: waits until no upload runs or waits, and everything asked for is there.
  case waitIdle(within: Duration)
  /// `frame NAME`: writes what the screen shows.
  case frame(String)
  /// `send FILE [stream|multipart|buffered]`: sends a file to the own server.
  case send(path: String, mode: UploadMode?)
  /// `quit`: ends the dashboard as q does, running uploads or not.
  case quit
}
