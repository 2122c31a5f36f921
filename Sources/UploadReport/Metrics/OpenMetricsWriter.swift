/// Writes the OpenMetrics text format (version 1.0.0, section "ABNF" and "Metric Types"): families, each with its
/// description, then an end mark.
struct OpenMetricsWriter {
  /// What a family counts.
  enum Kind: String {
    /// Goes up and down.
    case gauge
    /// Only goes up; its samples have the suffix `_total`.
    case counter
  }

  private(set) var text = ""

  /// Begins a family; its samples must follow at once.
  /// - Parameters:
  ///   - unit: must be what `name` ends with; none for plain counts.
  ///   - help: plain words on one line, without quotes or backslashes.
  mutating func family(_ name: String, _ kind: Kind, unit: String? = nil, help: String) {
    text += "# TYPE \(name) \(kind.rawValue)\n"
    if let unit { text += "# UNIT \(name) \(unit)\n" }
    text += "# HELP \(name) \(help)\n"
  }

  /// One sample; label values are this program's own words and need no escaping.
  mutating func sample(_ name: String, _ value: some BinaryInteger, _ labels: KeyValuePairs<String, String> = [:]) {
    text += name
    if !labels.isEmpty {
      text += "{" + labels.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",") + "}"
    }
    text += " \(value)\n"
  }

  /// Ends the text; without this mark a reader takes it for cut.
  mutating func finish() {
    text += "# EOF\n"
  }
}
