import TerminalUI

/// All keys of the dashboard: what they do, the footer, the help and the table in example/docs/keys.md come from here.
package enum KeyTable {
  /// Keys that belong together, and where they work.
  struct Group: Sendable {
    var title: String
    var context: KeyContext
    var bindings: [KeyBinding<Command>]
  }

  static let groups: [Group] = [
    Group(title: "Moving", context: .dashboard, bindings: moving),
    Group(title: "Uploads", context: .dashboard, bindings: uploads),
    Group(title: "View", context: .dashboard, bindings: view),
    Group(title: "Program", context: .dashboard, bindings: leaving),
    Group(title: "Everywhere", context: .program, bindings: program),
    Group(title: "While typing a filter", context: .filter, bindings: filter),
    Group(title: "In a question", context: .question, bindings: question),
  ]

  private static let moving: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent(.up), KeyEvent("k")], .move(.up), help: "the upload above"),
    KeyBinding([KeyEvent(.down), KeyEvent("j")], .move(.down), help: "the upload below"),
    KeyBinding([KeyEvent(.left), KeyEvent("h")], .left, help: "the incoming pane"),
    KeyBinding([KeyEvent(.right), KeyEvent("l")], .right, help: "the outgoing pane"),
    KeyBinding([KeyEvent("g"), KeyEvent(.home)], .move(.top), help: "the first one"),
    KeyBinding([KeyEvent("G"), KeyEvent(.end)], .move(.bottom), help: "the last one"),
    KeyBinding([KeyEvent(.pageUp), KeyEvent("b", .control)], .move(.pageUp), help: "a page up"),
    KeyBinding([KeyEvent(.pageDown), KeyEvent("f", .control)], .move(.pageDown), help: "a page down"),
    KeyBinding([KeyEvent(.tab)], .nextPane, help: "the next pane"),
    KeyBinding([KeyEvent(.tab, .shift)], .previousPane, help: "the pane before"),
    KeyBinding([KeyEvent("1")], .pane(.incoming), help: "incoming uploads"),
    KeyBinding([KeyEvent("2")], .pane(.outgoing), help: "outgoing uploads"),
    KeyBinding([KeyEvent("3")], .pane(.detail), help: "detail of the selected upload"),
  ]

  private static let uploads: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent("u")], .upload, hint: "upload", help: "choose files to send"),
    KeyBinding([KeyEvent("m")], .mode, help: "mode: stream, multipart or buffered"),
    KeyBinding([KeyEvent(.enter)], .detail, hint: "detail", help: "all about the selected upload"),
    KeyBinding([KeyEvent("x"), KeyEvent(.delete)], .cancel, hint: "cancel", help: "cancel it (asks once)"),
    KeyBinding([KeyEvent("r")], .retry, hint: "retry", help: "send it once more"),
    KeyBinding([KeyEvent("c")], .clear, hint: "clear", help: "forget those that have ended"),
  ]

  private static let view: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent(" ")], .freeze, hint: "freeze", help: "freeze the screen, and go on"),
    KeyBinding([KeyEvent("s")], .sort, help: "order by start, name, rate and so on"),
    KeyBinding([KeyEvent("/")], .filter, hint: "filter", help: "show only what contains a text"),
    KeyBinding([KeyEvent("L")], .log, help: "the event log"),
    KeyBinding([KeyEvent("y")], .copy, help: "copy the server's URL"),
    KeyBinding([KeyEvent("t")], .theme, help: "theme: dark, light, contrast, mono"),
    KeyBinding([KeyEvent("b")], .bar, help: "bars: block, thin, ASCII"),
    KeyBinding([KeyEvent("+"), KeyEvent("=")], .faster, help: "refresh more often"),
    KeyBinding([KeyEvent("-")], .slower, help: "refresh less often"),
    KeyBinding([KeyEvent("M")], .mouse, help: "mouse on or off"),
  ]

  private static let leaving: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent(.escape)], .back, hint: "back", help: "back to the uploads"),
    KeyBinding([KeyEvent("?")], .help, hint: "help", help: "all keys"),
    KeyBinding([KeyEvent("q")], .quit, hint: "quit", help: "quit (asks while uploads run)"),
  ]

  private static let program: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent(.function(1))], .help, help: "all keys"),
    KeyBinding([KeyEvent("c", .control)], .quit, help: "quit; twice: at once"),
    KeyBinding([KeyEvent("z", .control)], .suspend, help: "back to the shell; fg returns"),
    KeyBinding([KeyEvent("l", .control)], .redraw, help: "draw the screen again"),
  ]

  private static let filter: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent(.enter)], .keepFilter, hint: "keep", help: "keep the filter"),
    KeyBinding([KeyEvent(.escape)], .dropFilter, hint: "drop", help: "show everything again"),
  ]

  private static let question: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent("y"), KeyEvent(.enter)], .yes, hint: "yes", help: "do it"),
    KeyBinding([KeyEvent("n"), KeyEvent(.escape), KeyEvent("q")], .no, hint: "no", help: "do not"),
  ]

  private static let commands: [KeyContext: [KeyEvent: Command]] = groups.reduce(into: [:]) { commands, group in
    for binding in group.bindings {
      for key in binding.keys { commands[group.context, default: [:]][key] = binding.command }
    }
  }

  /// What a key means there; nil when it means nothing.
  static func command(for key: KeyEvent, in context: KeyContext) -> Command? {
    commands[context]?[key]
  }

  /// The rows that have a place in the footer, in the order of the table.
  static func hints(in context: KeyContext) -> [KeyBinding<Command>] {
    groups.filter { $0.context == context }.flatMap(\.bindings).filter { $0.hint != nil }
  }

  /// The dashboard's own keys as the help shows them.
  static let dashboardSections: [KeySection] = groups.map { KeySection($0.title, $0.bindings) }

  /// The keys while files are chosen and sent, less that for the help, which is the same as in the panes.
  static let sendingSections: [KeySection] = [
    KeySection("File picker", PickerCommand.keys(.browsing).filter { $0.command != .help }),
    KeySection("While typing a path", PickerCommand.keys(.typingPath)),
    KeySection("Before sending", SheetCommand.keys.filter { $0.command != .help }),
  ]

  static let sections = dashboardSections + sendingSections

  /// All keys as one table for example/docs/keys.md, a row with a title before those that belong together.
  package static func markdown() -> String {
    let rows = sections.flatMap { section in
      ["| **\(section.title)** | |\n"]
        + section.rows.map { row in
          let keys = row.keys.map { "`\($0.label(.unicode))`" }.joined(separator: " ")
          return "| \(keys) | \(row.help) |\n"
        }
    }
    return "| key | does |\n|---|---|\n" + rows.joined()
  }
}
