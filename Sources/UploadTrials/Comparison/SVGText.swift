import UploadCore

/// An SVG document being written: well-formed whatever goes into it.
struct SVGText {
  private var text: String

  init(width: Double, height: Double) {
    let (width, height) = (Self.number(width), Self.number(height))
    text =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" "
      + "width=\"\(width)\" height=\"\(height)\">\n"
  }

  mutating func element(_ name: String, _ attributes: [(String, String)]) {
    text += "<\(name)\(Self.text(of: attributes))/>\n"
  }

  mutating func open(_ name: String, _ attributes: [(String, String)] = [], text content: String) {
    text += "<\(name)\(Self.text(of: attributes))>\(MarkupText.escaped(content))</\(name)>\n"
  }

  mutating func label(_ content: String, x: Double, y: Double, class: String) {
    open("text", [("class", `class`), ("x", Self.number(x)), ("y", Self.number(y))], text: content)
  }

  mutating func line(_ from: (Double, Double), _ to: (Double, Double), class: String) {
    element(
      "line",
      [
        ("class", `class`), ("x1", Self.number(from.0)), ("y1", Self.number(from.1)), ("x2", Self.number(to.0)),
        ("y2", Self.number(to.1)),
      ]
    )
  }

  mutating func polyline(_ points: [(x: Double, y: Double)], class: String) {
    let points = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
    element("polyline", [("class", `class`), ("points", points)])
  }

  /// The document, ended.
  consuming func finished() -> String {
    text + "</svg>\n"
  }

  /// At most two decimals, none that say nothing.
  static func number(_ value: Double) -> String {
    let hundredths = Int((min(max(-1e9, value), 1e9) * 100).rounded())
    let (whole, rest) = (abs(hundredths) / 100, abs(hundredths) % 100)
    let decimals = rest == 0 ? "" : rest % 10 == 0 ? ".\(rest / 10)" : ".\(rest < 10 ? "0" : "")\(rest)"
    return (hundredths < 0 ? "-" : "") + "\(whole)\(decimals)"
  }

  /// A mark's bytes in the largest unit in which they are at least one.
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
