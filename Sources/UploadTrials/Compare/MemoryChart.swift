import DashboardApp
import UploadCore

/// The clients' memory over time as an SVG chart, a curve for each client, readable on light and dark backgrounds.
struct MemoryChart {
  private static let width = 900.0
  private static let plot = (left: 90.0, top: 56.0, right: 880.0, bottom: 436.0)
  private static let legendRow = 22.0

  let comparison: Comparison

  /// Checks that a chart can be written to `path`, before the runs that take minutes. Makes no file there, and leaves
  /// an existing one unchanged.
  /// - Throws: ``UploadError`` with code `nameTaken`, `badDirectory`, `diskFull` or `storageFailed`.
  static func check(_ path: String) throws(UploadError) {
    _ = try OutputFile(path: path, existing: .replace)
  }

  /// Writes the chart in one step, over an existing regular file; that does not change when writing fails.
  /// - Throws: ``UploadError`` with code `nameTaken`, `badDirectory`, `diskFull` or `storageFailed`.
  func write(to path: String) throws(UploadError) {
    let file = try OutputFile(path: path, existing: .replace)
    try file.write(text)
    try file.finish()
  }

  /// The chart as a complete SVG document.
  var text: String {
    let shown = comparison.results.indices.filter { !comparison.results[$0].memory.points.isEmpty }
    let vertical = AxisScale.bytes(upTo: shown.reduce(1) { max($0, comparison.results[$1].memory.peak) })
    let horizontal = AxisScale.seconds(upTo: shown.reduce(0) { max($0, comparison.results[$1].memory.duration) })
    let scale = Scale(seconds: horizontal.top, bytes: vertical.top)
    let height = Self.plot.bottom + 60 + Self.legendRow * Double(comparison.results.count)
    var svg = SVGText(width: Self.width, height: height)
    svg.open("style", text: Self.style)
    svg.element("rect", [("class", "ground"), ("width", "100%"), ("height", "100%")])
    let title = "Memory of each client while it sends \(comparison.name) (\(ByteSize.text(comparison.size)))"
    svg.label(title, x: 24, y: 30, class: "title")
    draw(horizontal, vertical, scale, &svg)
    for index in shown { draw(index, scale, &svg) }
    for index in comparison.results.indices { drawLegend(index, &svg) }
    return svg.finished()
  }

  /// The values at the right and at the top of the plot.
  private struct Scale {
    let seconds, bytes: Double

    /// The position in the chart of a point in time and memory.
    func point(_ seconds: Double, _ bytes: Double) -> (x: Double, y: Double) {
      let plot = MemoryChart.plot
      return (
        plot.left + seconds / self.seconds * (plot.right - plot.left),
        plot.bottom - bytes / self.bytes * (plot.bottom - plot.top)
      )
    }
  }

  private func draw(_ horizontal: AxisScale, _ vertical: AxisScale, _ scale: Scale, _ svg: inout SVGText) {
    let plot = Self.plot
    for mark in vertical.marks {
      let y = scale.point(0, mark).y
      svg.line((plot.left, y), (plot.right, y), class: "grid")
      svg.label(SVGText.bytes(mark), x: plot.left - 8, y: y + 4, class: "mark end")
    }
    for mark in horizontal.marks {
      let x = scale.point(mark, 0).x
      svg.line((x, plot.bottom), (x, plot.bottom + 5), class: "axis")
      svg.label("\(SVGText.number(mark)) s", x: x, y: plot.bottom + 20, class: "mark middle")
    }
    svg.line((plot.left, plot.bottom), (plot.right, plot.bottom), class: "axis")
    guard let limit = comparison.maxMemory, Double(limit.bytes) <= vertical.top else { return }
    let y = scale.point(0, Double(limit.bytes)).y
    svg.line((plot.left, y), (plot.right, y), class: "limit")
    svg.label("--max-memory \(limit)", x: plot.right, y: y - 6, class: "mark end")
  }

  private func draw(_ index: Int, _ scale: Scale, _ svg: inout SVGText) {
    let result = comparison.results[index]
    let points = result.memory.points.map { scale.point($0.seconds, Double($0.bytes)) }
    svg.polyline(points, class: Self.curveClass(of: index, result.client))
    guard let last = points.last else { return }
    if result.status == .intact {
      let (x, y) = (SVGText.number(last.x), SVGText.number(last.y))
      svg.element("circle", [("class", "dot c\(index)"), ("cx", x), ("cy", y), ("r", "4")])
    } else {
      svg.line((last.x - 5, last.y - 5), (last.x + 5, last.y + 5), class: "line c\(index)")
      svg.line((last.x - 5, last.y + 5), (last.x + 5, last.y - 5), class: "line c\(index)")
    }
  }

  private func drawLegend(_ index: Int, _ svg: inout SVGText) {
    let result = comparison.results[index]
    let (left, y) = (Self.plot.left, Self.plot.bottom + 52 + Self.legendRow * Double(index))
    svg.line((left, y - 4), (left + 44, y - 4), class: Self.curveClass(of: index, result.client))
    svg.label(result.client.name, x: left + 56, y: y, class: "name")
    svg.label(result.clientPeak.map(ByteSize.text) ?? "-", x: left + 310, y: y, class: "name end")
    svg.label(result.seconds.map { "\(CompareText.seconds($0)) s" } ?? "-", x: 480, y: y, class: "name end")
    svg.label(result.status.text, x: 510, y: y, class: "name")
  }

  /// A colour for each client, and a dash pattern for each mode, since not all readers can tell the colours apart.
  private static func curveClass(of index: Int, _ client: CompareClient) -> String {
    "line c\(index) \(client.mode.rawValue)"
  }

  private static let light = ["#0b62c4", "#0a7f4f", "#c1272d", "#7a4fb5", "#8a5f00", "#00737f", "#b0306f", "#57606a"]
  private static let dark = ["#6cb0ff", "#58d39b", "#ff7b72", "#c3a1ff", "#e8b84a", "#56d4dd", "#ff8cc6", "#adb5bd"]

  private static let style =
    """
    svg { font: 14px system-ui, sans-serif; --ground: #ffffff; --ink: #1f2328; --grid: #d8dee4; }
    \(colors(light))
    @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --ink: #e6edf3; --grid: #30363d; }
    \(colors(dark))
    }
    .ground { fill: var(--ground); } text { fill: var(--ink); } .title { font-size: 17px; font-weight: 600; }
    .mark { font-size: 12px; } .end { text-anchor: end; } .middle { text-anchor: middle; }
    .grid { stroke: var(--grid); } .axis { stroke: var(--ink); } .limit { stroke: var(--ink); stroke-dasharray: 2 4; }
    .line { fill: none; stroke: currentColor; stroke-width: 2.5; stroke-linejoin: round; } .dot { fill: currentColor; }
    .multipart { stroke-dasharray: 9 5; } .buffered { stroke-dasharray: 3 3; }
    .resumable { stroke-dasharray: 14 4 3 4; }
    """

  private static func colors(_ colors: [String]) -> String {
    colors.enumerated().map { ".c\($0.offset) { color: \($0.element); }" }.joined(separator: " ")
  }
}

/// An SVG document that is written element by element; well-formed whatever text it contains.
struct SVGText {
  private var text: String

  init(width: Double, height: Double) {
    let (width, height) = (Self.number(width), Self.number(height))
    text =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" "
      + "width=\"\(width)\" height=\"\(height)\">\n"
  }

  /// Adds an element without content. The values of attributes are escaped; names must be valid.
  mutating func element(_ name: String, _ attributes: [(String, String)]) {
    text += "<\(name)\(Self.text(of: attributes))/>\n"
  }

  /// Adds a complete element, with its end tag, whose content is text. The text and the values of attributes are escaped.
  mutating func open(_ name: String, _ attributes: [(String, String)] = [], text content: String) {
    text += "<\(name)\(Self.text(of: attributes))>\(MarkupText.escaped(content))</\(name)>\n"
  }

  /// Adds text on a baseline at `y`; `x` is its middle where `class` contains `middle`, its right end for `end`, else its left
  /// end.
  mutating func label(_ content: String, x: Double, y: Double, class: String) {
    open("text", [("class", `class`), ("x", Self.number(x)), ("y", Self.number(y))], text: content)
  }

  /// Adds a straight line between two positions.
  mutating func line(_ from: (Double, Double), _ to: (Double, Double), class: String) {
    let coordinates = [("x1", from.0), ("y1", from.1), ("x2", to.0), ("y2", to.1)]
    element("line", [("class", `class`)] + coordinates.map { ($0.0, Self.number($0.1)) })
  }

  /// Adds a line through all points.
  mutating func polyline(_ points: [(x: Double, y: Double)], class: String) {
    let points = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
    element("polyline", [("class", `class`), ("points", points)])
  }

  /// The complete document.
  consuming func finished() -> String {
    text + "</svg>\n"
  }

  /// A number with at most two decimals and no trailing zeros, limited to ±10⁹.
  static func number(_ value: Double) -> String {
    let hundredths = Int((min(max(-1e9, value), 1e9) * 100).rounded())
    // Swift writes the shortest text that identifies a number: for these at most two decimals.
    let text = "\(Double(hundredths) / 100)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// A size in bytes as text, with at most two decimals, in the largest unit (B to EiB) in which it is at least 1: `1.5 KiB`.
  static func bytes(_ value: Double) -> String {
    var (value, unit) = (value, 0)
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
    return "\(number(value)) \(units[unit])"
  }

  private static func text(of attributes: [(String, String)]) -> String {
    attributes.map { " \($0.0)=\"\(MarkupText.escaped($0.1))\"" }.joined()
  }
}
