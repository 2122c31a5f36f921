import TerminalUI

/// What a key of the dashboard does. ``PickerCommand`` and ``SheetCommand`` are those of file picker and send dialog.
enum Command: Hashable, Sendable {
  /// Moves in the help, in the event log, or in the list of uploads, whichever is open.
  case move(Motion)
  case pane(Pane)
  case nextPane, previousPane
  case upload, mode, detail, cancel, pause, retry, clear
  /// Mark the selected upload, or invert the marks of all that have a row.
  case mark, markAll
  /// Step the limit on the rate down or up.
  case lowerLimit, raiseLimit
  case freeze, sort, filter, log, copy, theme, bar, density, zoom, faster, slower, mouse
  /// Copy the URL or the path of the selected upload's file.
  case copyFile
  /// Open or close the view of the rejected requests, or of the uploads grouped by client.
  case rejected, clients
  case help, back, quit, suspend, redraw
  /// Open the dialog with the QR code of a link; in it, show the one of another address, or close it.
  case link, previousLink, nextLink, closeLink
  /// Confirm what a dialog asks about, or close the dialog without doing it.
  case yes, no
  /// In the dialog about quitting: quit when all uploads have finished.
  case quitWhenFinished
  /// End typing the filter: it remains, or is cleared.
  case keepFilter, clearFilter
}

/// Where a key was pressed: the same key has different meanings in different contexts.
enum KeyContext: Hashable, Sendable, CaseIterable {
  /// Everywhere, also in file picker and send dialog; looked up before all other contexts.
  case program
  /// The panes, the event log and the help.
  case dashboard
  /// A dialog that asks for confirmation.
  case question
  /// The dialog that asks how to quit.
  case quitting
  /// The filter while it is being typed.
  case filter
  /// The dialog with a QR code.
  case link
}

/// All keys of the dashboard and what they do. Key handling, footer, help and the table in example/docs/keys.md use it.
package enum KeyTable {
  /// Keys for one purpose, with the context in which they work.
  static let groups: [(title: String, context: KeyContext, bindings: [KeyBinding<Command>])] = [
    ("Moving", .dashboard, moving),
    ("Uploads", .dashboard, uploads),
    ("View", .dashboard, view),
    ("Program", .dashboard, leaving),
    ("Everywhere", .program, program),
    ("While typing a filter", .filter, filter),
    ("In a dialog", .question, question),
    ("In the dialog about quitting", .quitting, quitting),
    ("In the QR code's dialog", .link, link),
  ]

  private static let moving: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent(.up), KeyEvent("k")], .move(.up), help: "previous upload"),
    KeyBinding([KeyEvent(.down), KeyEvent("j")], .move(.down), help: "next upload"),
    KeyBinding([KeyEvent(.left), KeyEvent("h")], .pane(.incoming), help: "incoming pane"),
    KeyBinding([KeyEvent(.right), KeyEvent("l")], .pane(.outgoing), help: "outgoing pane"),
    KeyBinding([KeyEvent("g"), KeyEvent(.home)], .move(.top), help: "first upload"),
    KeyBinding([KeyEvent(.end)], .move(.bottom), help: "last upload"),
    KeyBinding([KeyEvent(.pageUp), KeyEvent("b", .control)], .move(.pageUp), help: "page up"),
    KeyBinding([KeyEvent(.pageDown), KeyEvent("f", .control)], .move(.pageDown), help: "page down"),
    KeyBinding([KeyEvent(.tab)], .nextPane, help: "next pane"),
    KeyBinding([KeyEvent(.tab, .shift)], .previousPane, help: "previous pane"),
    KeyBinding([KeyEvent("1")], .pane(.incoming), help: "incoming pane"),
    KeyBinding([KeyEvent("2")], .pane(.outgoing), help: "outgoing pane"),
    KeyBinding([KeyEvent("3")], .pane(.detail), help: "detail of the selected upload"),
  ]

  private static let uploads: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent("u")], .upload, hint: "upload", help: "choose files or directories to send"),
    KeyBinding([KeyEvent("m")], .mode, help: "mode: stream, multipart, buffered"),
    KeyBinding([KeyEvent(.enter)], .detail, hint: "detail", help: "detail of an upload; open a tree"),
    KeyBinding([KeyEvent("x"), KeyEvent(.delete)], .cancel, hint: "cancel", help: "cancel the upload (asks first)"),
    KeyBinding([KeyEvent("p")], .pause, hint: "pause", help: "pause or resume the upload or tree"),
    KeyBinding([KeyEvent("<")], .lowerLimit, hint: "> limit", help: "lower the limit on its rate"),
    KeyBinding([KeyEvent(">")], .raiseLimit, help: "raise the limit on its rate"),
    KeyBinding([KeyEvent("r")], .retry, hint: "retry", help: "retry the outgoing upload"),
    KeyBinding([KeyEvent(" ")], .mark, hint: "mark", help: "mark for x, p, r, < and >"),
    KeyBinding([KeyEvent("*")], .markAll, help: "mark all, or invert the marks"),
    KeyBinding([KeyEvent("c")], .clear, hint: "clear", help: "clear ended uploads"),
  ]

  private static let view: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent("f")], .freeze, hint: "freeze", help: "freeze or resume the screen"),
    KeyBinding([KeyEvent("s")], .sort, help: "order: state, rate, time left, size"),
    KeyBinding([KeyEvent("/")], .filter, hint: "filter", help: "filter: text, state:stalled, size>1GB"),
    KeyBinding([KeyEvent("z")], .zoom, help: "zoom the pane, or show all panes"),
    KeyBinding([KeyEvent("d")], .density, help: "rows of an upload: as fit, 1, 2, 3"),
    KeyBinding([KeyEvent("G")], .clients, help: "toggle grouping by client or server"),
    KeyBinding([KeyEvent("R")], .rejected, hint: "rejected", help: "toggle the rejected requests"),
    KeyBinding([KeyEvent("L")], .log, help: "toggle the event log"),
    KeyBinding([KeyEvent("y")], .copy, help: "copy the upload page's link"),
    KeyBinding([KeyEvent("Y")], .copyFile, help: "copy the URL or path of the file"),
    KeyBinding([KeyEvent("Q")], .link, hint: "QR code", help: "QR code of the link, for a phone"),
    KeyBinding([KeyEvent("t")], .theme, help: "theme: dark, light, contrast, mono"),
    KeyBinding([KeyEvent("b")], .bar, help: "bars: block, thin, ASCII"),
    KeyBinding([KeyEvent("+"), KeyEvent("=")], .faster, help: "refresh more often"),
    KeyBinding([KeyEvent("-")], .slower, help: "refresh less often"),
    KeyBinding([KeyEvent("M")], .mouse, help: "toggle the mouse"),
  ]

  private static let leaving: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent(.escape)], .back, hint: "back", help: "go back one step; remove the marks"),
    KeyBinding([KeyEvent("?")], .help, hint: "help", help: "toggle this help"),
    KeyBinding([KeyEvent("q")], .quit, hint: "quit", help: "quit (asks while uploads run)"),
  ]

  private static let program: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent(.function(1))], .help, help: "toggle this help"),
    KeyBinding([KeyEvent("c", .control)], .quit, help: "quit; press twice to quit immediately"),
    KeyBinding([KeyEvent("z", .control)], .suspend, help: "suspend; the shell's fg resumes"),
    KeyBinding([KeyEvent("l", .control)], .redraw, help: "redraw the screen"),
  ]

  private static let filter: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent(.enter)], .keepFilter, hint: "keep", help: "keep the filter"),
    KeyBinding([KeyEvent(.escape)], .clearFilter, hint: "clear", help: "clear the filter"),
  ]

  private static let question: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent("y"), KeyEvent(.enter)], .yes, hint: "yes", help: "confirm"),
    KeyBinding([KeyEvent("n"), KeyEvent(.escape), KeyEvent("q")], .no, hint: "no", help: "close without doing it"),
    KeyBinding([KeyEvent(.up), KeyEvent("k")], .move(.up), help: "scroll up, on a small screen"),
    KeyBinding([KeyEvent(.down), KeyEvent("j")], .move(.down), help: "scroll down"),
  ]

  private static let quitting: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent("y"), KeyEvent(.enter)], .yes, hint: "cancel and quit", help: "cancel all uploads and quit"),
    KeyBinding([KeyEvent("w")], .quitWhenFinished, hint: "quit when finished", help: "quit when all have finished"),
    KeyBinding([KeyEvent("n"), KeyEvent(.escape), KeyEvent("q")], .no, hint: "stay", help: "stay, and take it back"),
    KeyBinding([KeyEvent(.up), KeyEvent("k")], .move(.up), help: "scroll up, on a small screen"),
    KeyBinding([KeyEvent(.down), KeyEvent("j")], .move(.down), help: "scroll down"),
  ]

  private static let link: [KeyBinding<Command>] = [
    KeyBinding([KeyEvent(.right), KeyEvent("l")], .nextLink, hint: "address", help: "next address of this machine"),
    KeyBinding([KeyEvent(.left), KeyEvent("h")], .previousLink, help: "previous address"),
    KeyBinding([KeyEvent("y")], .copy, hint: "copy", help: "copy the link that is shown"),
    KeyBinding(
      [KeyEvent(.escape), KeyEvent(.enter), KeyEvent("q"), KeyEvent("Q")],
      .closeLink,
      hint: "close",
      help: "close the dialog"
    ),
    KeyBinding([KeyEvent(.up), KeyEvent("k")], .move(.up), help: "scroll up, where there is no code"),
    KeyBinding([KeyEvent(.down), KeyEvent("j")], .move(.down), help: "scroll down"),
  ]

  /// The commands of ``KeyContext/dashboard`` that have an effect while the help is open; all others do nothing.
  static let validInHelp = Set(Motion.allCases.map { Command.move($0) } + [.help, .back, .quit, .theme])

  /// The keys that work in a context, in the order of the table.
  static func bindings(in context: KeyContext) -> [KeyBinding<Command>] {
    groups.filter { $0.context == context }.flatMap(\.bindings)
  }

  /// The sections of the help for the dashboard's own keys: one for each of ``groups``.
  static let dashboardSections: [KeySection] = groups.map { KeySection($0.title, $0.bindings) }

  /// The sections of the help for file picker and send dialog. Left out are the help key, which is that of the
  /// dashboard, and the keys while a filter is typed or a message is read.
  static let sendingSections: [KeySection] = [
    KeySection("File picker", PickerCommand.Context.browsing.keys.filter { $0.command != .help }),
    KeySection("While typing a path", PickerCommand.Context.typingPath.keys),
    KeySection("Send dialog", SheetCommand.keys.filter { $0.command != .help }),
    KeySection("While typing a target", SheetCommand.typingKeys),
    KeySection("While naming a target", SheetCommand.namingKeys),
  ]

  static let sections = dashboardSections + sendingSections

  /// All keys as the Markdown table in example/docs/keys.md; each section begins with a row for its title.
  package static func markdown() -> String {
    let rows = sections.flatMap { section in
      ["| **\(section.title)** | |\n"]
        + section.rows.map { row in
          "| \(row.keys.map { "`\($0.label(.unicode))`" }.joined(separator: " ")) | \(row.help) |\n"
        }
    }
    return "| key | does |\n|---|---|\n" + rows.joined()
  }
}
