/// A command, and where it stands.
struct ScriptLine: Hashable, Sendable {
  /// From 1.
  var number: Int
  /// As it is written, for messages.
  var text: String
  var command: ScriptCommand
}
