import HTTPTypes

/// Content negotiation by the `Accept` header field (RFC 9110 section 12.5.1), between the two available
/// representations: HTML for browsers, JSON for all other clients.
enum AcceptField {
  /// How well a type matches what a client accepts: the quality from 0, not acceptable, to 1; the precision is 0 for no
  /// match, 1 for `*/*`, 2 for `type/*`, 3 for the type itself.
  private typealias Match = (quality: Double, precision: Int)

  /// Whether the client prefers HTML to JSON: by a higher quality, or at the same one by naming it more precisely.
  /// Without `Accept`, and for clients that accept both alike (`*/*`), it does not.
  static func prefersHTML(_ fields: HTTPFields) -> Bool {
    guard let field = fields[.accept] else { return false }
    let (html, json) = (match(of: "text/html", in: field), match(of: "application/json", in: field))
    return html.quality > 0 && html > json
  }

  /// The most precise match for a type; of equal ones the first.
  private static func match(of type: String, in field: String) -> Match {
    let patterns = ["*/*", String(type.prefix { $0 != "/" }) + "/*", type]
    var best: Match = (quality: 0, precision: 0)
    for range in field.split(separator: ",") {
      let parts = range.split(separator: ";", omittingEmptySubsequences: false).map { $0.withoutBlanks.lowercased() }
      guard let place = patterns.firstIndex(where: { $0 == parts.first }), place >= best.precision else { continue }
      best = (quality: quality(parts.dropFirst()), precision: place + 1)
    }
    return best
  }

  /// The weight among a range's parameters (RFC 9110 section 12.4.2): 1 where there is none, 0 for a malformed one.
  private static func quality(_ parameters: ArraySlice<String>) -> Double {
    guard let weight = parameters.first(where: { $0.hasPrefix("q=") }) else { return 1 }
    guard let value = Double(weight.dropFirst(2)), (0...1).contains(value) else { return 0 }
    return value
  }
}
