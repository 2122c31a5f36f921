import TerminalUI

/// What the probe says is on a frame, as `FrameProbe` writes it.
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
    UInt8(field).map { .palette($0) } ?? .standard
  }
}
