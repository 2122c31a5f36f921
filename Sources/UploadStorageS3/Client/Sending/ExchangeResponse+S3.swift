import HTTPExchange
import NIOHTTP1

/// What a response of the engine contains.
extension ExchangeResponse {
  /// A header field's value; nil without one, and for an empty one.
  subscript(name: String) -> String? { headers.first(name: name).flatMap { $0.isEmpty ? nil : $0 } }

  /// Whether the body was longer than its limit: then it is truncated.
  var isTruncated: Bool { extent == .truncated }

  /// The document in the body; nil when it is no XML, or longer than its limit.
  var document: XMLElement? { isTruncated ? nil : try? XMLReader.read(body) }
}
