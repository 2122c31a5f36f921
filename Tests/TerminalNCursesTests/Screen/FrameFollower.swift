import TerminalUI
import UploadTestSupport

/// Runs the probe that draws frames, and shows its output on a virtual terminal.
struct FrameFollower {
  private let probe: PseudoTerminal
  private(set) var screen: VirtualTerminal
  /// The number of bytes of the probe's output that are on the screen.
  private var shown = 0

  /// - Parameters:
  ///   - type: the terminal's type in the terminfo database.
  ///   - source: `random` or `dashboard`.
  init(_ type: String, _ source: String, seed: UInt64, _ size: Size) throws {
    probe = try PseudoTerminal(
      BuiltProgram.path("TerminalProbe"),
      ["frames", source, "\(seed)"],
      environment: ["TERM": type, "LC_ALL": "C.UTF-8", "NO_COLOR": ""],
      width: size.width,
      height: size.height
    )
    screen = VirtualTerminal(size)
  }

  /// Waits for a frame, and shows it.
  /// - Returns: the frame as the probe describes it, and the bytes that were sent for it.
  mutating func frame() async throws -> (said: SaidFrame, bytes: [UInt8]) {
    let end = Array(";end\u{7}".utf8)
    try await eventually("a frame") { probe.outputCount > shown && probe.output.suffix(end.count).elementsEqual(end) }
    let bytes = Array(probe.output[shown...])
    shown += bytes.count
    screen.show(bytes)
    guard let said = screen.commands.last.flatMap(SaidFrame.init) else { throw TimeoutError("no description") }
    return (said, bytes)
  }

  func askForNext() throws {
    try probe.send("f")
  }

  mutating func resize(_ size: Size) throws {
    probe.resize(width: size.width, height: size.height)
    screen.resize(size)
    try probe.send("w")
  }

  /// Ends the probe, and shows its last output.
  mutating func end() async throws -> ProcessRunner.Exit {
    try probe.send("q")
    let exit = try await probe.exit()
    screen.show(probe.output[shown...])
    return exit
  }
}

/// The content of a frame as `FrameProbe` describes it.
struct SaidFrame {
  let size: Size
  let cursor: Point?
  let rows: [[ShownCell]]

  init?(_ command: String) {
    let items = command.split(separator: ";", omittingEmptySubsequences: false)
    guard items.count > 3, items[0] == "777", items.last == "end" else { return nil }
    let numbers = items[1].split(separator: ",").compactMap { Int($0) }
    guard numbers.count == 4 else { return nil }
    let size = Size(width: numbers[0], height: numbers[1])
    let cells = items[2..<items.count - 1].compactMap(Self.cell)
    guard cells.count == size.width * size.height else { return nil }
    self.size = size
    cursor = numbers[2] < 0 ? nil : Point(x: numbers[2], y: numbers[3])
    rows = (0..<size.height).map { Array(cells[$0 * size.width..<($0 + 1) * size.width]) }
  }

  private static func cell(_ item: Substring) -> ShownCell? {
    let fields = item.split(separator: ",", omittingEmptySubsequences: false)
    guard fields.count == 4, let attributes = UInt8(fields[3]) else { return nil }
    let scalars = fields[0].split(separator: "+").compactMap { UInt32($0, radix: 16).flatMap(Unicode.Scalar.init) }
    let style = Style(foreground: color(fields[1]), background: color(fields[2]), Attributes(rawValue: attributes))
    return ShownCell(text: String(String.UnicodeScalarView(scalars)), style: style)
  }

  private static func color(_ field: Substring) -> Color {
    UInt8(field).map { Color(index: $0) } ?? .standard
  }
}

/// The visible content of a cell.
struct ShownCell: Hashable {
  /// The character with its marks; empty in the right half of a wide one.
  var text = " "
  var style = Style.plain

  /// The cell as a user sees it. On a blank, bold, dim and the text colour are visible only if it is underlined or
  /// reversed. A wide character has one style, that of its left half.
  var look: ShownCell {
    if text.isEmpty { return ShownCell(text: "") }
    guard text == " ", style.attributes.isDisjoint(with: [.underline, .reverse]) else { return self }
    return ShownCell(text: text, style: Style(background: style.background))
  }
}
