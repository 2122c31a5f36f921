/// A request with one thing wrong, and the status that it gets.
struct ResumableMistake: Sendable, CustomStringConvertible {
  let kind: ResumableProtocol
  let method: String
  /// The fields of the right request without those named here.
  let without: [String]
  /// Fields in their place.
  let with: [String]
  let body: [UInt8]
  let status: Int
  /// Whether the upload can be continued afterwards.
  let keepsUpload: Bool

  /// - Parameters:
  ///   - with: fields that replace those of the same name.
  ///   - without: names of fields to leave out.
  init(
    _ kind: ResumableProtocol,
    _ method: String,
    with: [String] = [],
    without: [String] = [],
    body: String = "",
    status: Int,
    keepsUpload: Bool = true
  ) {
    self.kind = kind
    self.method = method
    self.with = with
    self.without = without + with.map { String($0.prefix { $0 != ":" }) }
    self.body = Array(body.utf8)
    self.status = status
    self.keepsUpload = keepsUpload
  }

  var description: String {
    "\(kind.rawValue) \(method) with \(with), without \(without), \(body.count) bytes: \(status)"
  }

  /// The fields of the right request with the mistake in them.
  func fields(_ right: [String]) -> [String] {
    right.filter { field in !without.contains(String(field.prefix { $0 != ":" })) } + with
  }
}
