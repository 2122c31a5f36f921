import HTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

/// What the server itself keeps in a record's properties, besides what the protocol keeps there. The names begin with
/// ``serverPrefix``, which no protocol uses.
extension UnfinishedRecord {
  /// The most that all properties together may need, in bytes.
  static let maxProperties = 16 * 1024
  private static let serverPrefix = "server."
  private static let methodKey = serverPrefix + "method"
  /// The store knows it.
  private static let concatenatingKey = "concatenating"
  private static let typeKey = serverPrefix + "type"
  private static let treeKey = serverPrefix + "tree"
  private static let senderKey = serverPrefix + "sender"
  private static let directoryKey = serverPrefix + "directory"
  /// The header fields of the creation that matter when the file is published.
  private static let keptFields: [HTTPField.Name] = [.ifMatch, .ifNoneMatch, .ifUnmodifiedSince, .wantReprDigest]

  /// Notes the method of the request that creates the upload, and those of its header fields that matter at the end.
  mutating func note(_ head: HTTPRequest) {
    properties[Self.methodKey] = head.method.rawValue
    group = TreeField.group(in: head.headerFields)
    for name in Self.keptFields where head.headerFields[name] != nil {
      properties[Self.serverPrefix + name.canonicalName] = head.headerFields[values: name].joined(separator: ",")
    }
  }

  /// The tree that the file belongs to, as the request states that created the upload, or the last one that continued
  /// it with another tree; nil for none.
  var group: UploadGroup? {
    get { properties[Self.treeKey].flatMap { TreeField.group(in: [.sluiceTree: $0]) } }
    set { properties[Self.treeKey] = newValue.map(TreeField.text) }
  }

  /// The name that the sender states; nil for none.
  var sender: SenderName? {
    get { properties[Self.senderKey].flatMap { try? SenderName($0.utf8) } }
    set { properties[Self.senderKey] = newValue?.description }
  }

  /// The directory of the sender, where a file with a generated name is stored: as it was when the upload was created,
  /// whatever the server's rules are now. nil where senders have none.
  var senderDirectory: FileName? {
    get { properties[Self.directoryKey].flatMap { FileName($0) } }
    set { properties[Self.directoryKey] = newValue?.description }
  }

  /// The method of the request that created the upload.
  var method: String? { properties[Self.methodKey] }

  /// The media type that the first bytes show. nil before it has been detected; a type of nil when they show none that
  /// is known.
  var detectedType: String?? {
    get { properties[Self.typeKey].map { $0.isEmpty ? nil : $0 } }
    set { properties[Self.typeKey] = newValue.map { $0 ?? "" } }
  }

  /// Whether the content of other uploads is being copied into it. The store deletes such an upload at the next start:
  /// no client knows its URL.
  var isConcatenating: Bool {
    get { properties[Self.concatenatingKey] != nil }
    set { properties[Self.concatenatingKey] = newValue ? "1" : nil }
  }

  /// What all properties need, in bytes.
  var propertiesSize: Int { properties.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count } }

  /// The path to publish the file under.
  /// - Parameter id: distinguishes generated names.
  func name(_ id: UploadID) -> RequestedName {
    RequestedName(requested: path, id: id, generatedIn: senderDirectory)
  }

  /// The preconditions of the creation.
  /// - Throws: ``UploadError`` with code `badRequest` where they are malformed.
  func preconditions() throws(UploadError) -> Preconditions {
    try Preconditions(fields, for: .store, now: created)
  }

  /// The digests that the whole content must have, and those that are to be computed.
  /// - Parameter head: of a request that continues the upload. Its `Content-Digest` is about its own content alone,
  ///   which is not the whole file, and is ignored.
  /// - Throws: ``UploadError`` with code `badRequest` where its digests are malformed or contradict the known ones.
  func digests(of head: HTTPRequest) throws(UploadError) -> DigestRequest {
    var stated = head.headerFields
    stated[.contentDigest] = nil
    for field in fields where field.name == .wantReprDigest { stated[.wantReprDigest] = field.value }
    var request = try DigestRequest(stated)
    if let text = DigestFields.text(expected) { try request.add([.reprDigest: text]) }
    return request
  }

  /// The kept header fields of the creation.
  private var fields: HTTPFields {
    var fields = HTTPFields()
    for name in Self.keptFields { fields[name] = properties[Self.serverPrefix + name.canonicalName] }
    return fields
  }

  /// The resource as the protocol sees it.
  /// - Parameter now: in seconds since 1970.
  func resource(at now: Int64) -> UploadResource {
    let state: UploadResource.State =
      switch self.state {
      case .gone: .gone
      case .finished: .finished
      case .unfinished, .publishing: expires <= now ? .gone : isCompletePart ? .finished : .unfinished
      }
    return UploadResource(state: state, offset: offset, length: length, properties: properties, expires: expires)
  }

  /// Whether it is a part for a concatenation (tus) of which all bytes have arrived: it is never published.
  var isCompletePart: Bool { isPart && length == offset }

  /// Whether all bytes have arrived, but the file has not been published, which only tus does by itself.
  var awaitsPublishing: Bool {
    guard state == .unfinished, protocolName == ResumableProtocol.tus.rawValue, !isPart else { return false }
    return length == offset
  }

  /// Whether it is a part for a concatenation (tus).
  var isPart: Bool {
    protocolName == ResumableProtocol.tus.rawValue && UploadResource(offset: offset, properties: properties).isPartial
  }
}

/// The protocols of resumable uploads, as records name them.
enum ResumableProtocol: String, Sendable {
  /// draft-ietf-httpbis-resumable-upload.
  case draft
  /// tus 1.0.0.
  case tus
}
