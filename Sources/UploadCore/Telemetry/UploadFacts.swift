/// What is known of an upload when it begins, and does not change.
///
/// A reference: each of a thousand uploads is copied several times for each of ten frames a second, and counting the
/// references of its texts took a quarter of that time.
package final class UploadFacts: Sendable {
  package struct Values: Sendable {
    package var id: UploadID
    package var request: UploadID
    package var direction: UploadDirection
    package var name: String
    package var sizeExact: Bool
    package var remote: String
    package var sender: String?
    package var path: String?
    package var declaredType: String?
    package var maxAttempts: Int?

    package init(
      id: UploadID,
      request: UploadID,
      direction: UploadDirection,
      name: String,
      sizeExact: Bool = true,
      remote: String,
      sender: String? = nil,
      path: String? = nil,
      declaredType: String? = nil,
      maxAttempts: Int? = nil
    ) {
      (self.id, self.request, self.direction, self.name) = (id, request, direction, name)
      (self.sizeExact, self.remote, self.sender, self.path) = (sizeExact, remote, sender, path)
      (self.declaredType, self.maxAttempts) = (declaredType, maxAttempts)
    }
  }

  package let values: Values

  package init(_ values: Values) { self.values = values }
}

extension UploadSnapshot {
  package var id: UploadID {
    get { facts.values.id }
    set { change { $0.id = newValue } }
  }
  package var request: UploadID {
    get { facts.values.request }
    set { change { $0.request = newValue } }
  }
  package var direction: UploadDirection {
    get { facts.values.direction }
    set { change { $0.direction = newValue } }
  }
  package var name: String {
    get { facts.values.name }
    set { change { $0.name = newValue } }
  }
  package var sizeExact: Bool {
    get { facts.values.sizeExact }
    set { change { $0.sizeExact = newValue } }
  }
  package var remote: String {
    get { facts.values.remote }
    set { change { $0.remote = newValue } }
  }
  /// The name that the sender of an incoming upload states, safe to show; nil without one.
  package var sender: String? {
    get { facts.values.sender }
    set { change { $0.sender = newValue } }
  }
  /// The path of the file that an outgoing upload sends, not made safe to show; nil where it is not known.
  package var path: String? {
    get { facts.values.path }
    set { change { $0.path = newValue } }
  }
  package var declaredType: String? {
    get { facts.values.declaredType }
    set { change { $0.declaredType = newValue } }
  }
  /// The most attempts that are made, the first included; nil for no limit, and for an incoming upload.
  package var maxAttempts: Int? {
    get { facts.values.maxAttempts }
    set { change { $0.maxAttempts = newValue } }
  }

  private mutating func change(_ body: (inout UploadFacts.Values) -> Void) {
    var values = facts.values
    body(&values)
    facts = UploadFacts(values)
  }
}
