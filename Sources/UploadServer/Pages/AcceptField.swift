import HTTPTypes

/// Content negotiation by the `Accept` header field (RFC 9110 section 12.5.1), between the two representations there are:
/// HTML for browsers, JSON for everything else.
enum AcceptField {
  /// How well a type matches what a client accepts.
  private struct Match {
    /// From 0, not acceptable, to 1.
    var quality = 0.0
    /// 0 for no match, 1 for `*/*`, 2 for `type/*`, 3 for the type itself.
    var precision = 0
  }

  /// Whether the client prefers HTML to JSON: by a higher quality, or by naming it more precisely. Without `Accept`, and
  /// for clients that take both alike (`*/*`), it does not.
  static func prefersHTML(_ fields: HTTPFields) -> Bool {
    guard let field = fields[.accept] else { return false }
    let (html, json) = (match(of: "text/html", in: field), match(of: "application/json", in: field))
    guard html.quality > 0 else { return false }
    return html.quality == json.quality ? html.precision > json.precision : html.quality > json.quality
  }

  /// The most precise match for a type decides.
  private static func match(of type: String, in field: String) -> Match {
    let family = type.prefix { $0 != "/" } + "/*"
    var best = Match()
    for range in field.split(separator: ",") {
      let parts = range.split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
      let precision: Int
      switch parts.first {
      case type: precision = 3
      case String(family): precision = 2
      case "*/*": precision = 1
      default: continue
      }
      if precision > best.precision { best = Match(quality: quality(parts.dropFirst()), precision: precision) }
    }
    return best
  }

  /// The weight among a range's parameters (RFC 9110 section 12.4.2): 1 where there is none; one that is malformed
  /// counts as 0.
  private static func quality(_ parameters: ArraySlice<String>) -> Double {
    guard let weight = parameters.first(where: { $0.hasPrefix("q=") }) else { return 1 }
    guard let value = Double(weight.dropFirst(2)), (0...1).contains(value) else { return 0 }
    return value
  }

  private static func trimmed(_ text: Substring) -> String {
    text.filter { $0 != " " && $0 != "\t" }.lowercased()
  }
}
