import UploadProtocol

/// The query of a request to S3: parameters in any order, which are sent in the canonical one.
struct S3Query: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  private struct Parameter: Sendable, Equatable {
    /// Percent-encoded.
    let name: String
    /// Percent-encoded; nil for a subresource such as `uploads`, which is sent without `=`.
    let value: String?
  }

  private var parameters: [Parameter] = []

  init() {}

  /// - Parameter elements: names and values as they are meant, not encoded; nil for a parameter without a value.
  init(dictionaryLiteral elements: (String, String?)...) {
    for (name, value) in elements { add(name, value) }
  }

  /// Adds a parameter; nil for one without a value.
  mutating func add(_ name: String, _ value: String?) {
    parameters.append(Parameter(name: PercentEncoding.encode(name), value: value.map(PercentEncoding.encode)))
  }

  /// The text to sign: sorted by the bytes of the encoded names, each with `=`.
  var canonicalText: String { sorted.map { "\($0.name)=\($0.value ?? "")" }.joined(separator: "&") }

  /// The text to send: some engines know a subresource only without `=`.
  var text: String {
    sorted.map { parameter in parameter.value.map { "\(parameter.name)=\($0)" } ?? parameter.name }
      .joined(separator: "&")
  }

  private var sorted: [Parameter] { parameters.sorted { ($0.name, $0.value ?? "") < ($1.name, $1.value ?? "") } }
}
