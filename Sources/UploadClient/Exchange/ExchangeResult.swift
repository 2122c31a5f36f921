/// What came of an exchange that has an answer.
struct ExchangeResult: Sendable {
  var answer: ServerAnswer
  /// Whether any of the body was sent, or read from a source that cannot be read again.
  var bodyBegun: Bool
  /// Whether all of the body was sent.
  var bodySent: Bool
}
