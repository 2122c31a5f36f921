import TerminalUI
import UploadCore

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
