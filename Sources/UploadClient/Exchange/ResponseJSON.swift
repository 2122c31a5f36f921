import FoundationEssentials

/// The JSON of a Sluice server's response (example/docs/http.md). Of other servers' JSON, the fields that fit are used.
struct ResponseJSON: Decodable {
  struct StoredFile: Decodable {
    /// The name under which the server stored the file.
    var name: Lenient<String>?
    /// Bytes that the server stored.
    var size: Lenient<UInt64>?
    /// The file's media type by the server.
    var type: Lenient<String>?
    /// The stored file's SHA-256, in hexadecimal; unchecked.
    var sha256: Lenient<String>?
    /// Where the file can be downloaded, perhaps relative to the request; unchecked.
    var url: Lenient<String>?
  }

  /// A value that is nil where the JSON has one of an unexpected kind: that does not turn a success into a failure.
  struct Lenient<Value: Decodable>: Decodable {
    let value: Value?

    init(from decoder: any Decoder) throws {
      value = try? decoder.singleValueContainer().decode(Value.self)
    }
  }

  /// The server's message for people.
  var msg: Lenient<String>?
  var files: Lenient<[StoredFile]>?

  /// Decodes the body of a response; nil when it is not a JSON object.
  static func decode(_ body: [UInt8]) -> ResponseJSON? {
    if let plain = PlainJSON(body) { return ResponseJSON(plain) }
    return try? JSONDecoder().decode(ResponseJSON.self, from: Data(body))
  }
}

/// The same from JSON that was read faster.
extension ResponseJSON {
  /// - Returns: nil when it is not an object.
  private init?(_ json: PlainJSON) {
    guard case .object = json else { return nil }
    msg = json["msg"].map { Lenient(value: $0.text) }
    files = json["files"].map { Lenient(value: StoredFile.list($0)) }
  }
}

extension ResponseJSON.StoredFile {
  /// - Returns: nil when it is not an array of objects.
  fileprivate static func list(_ json: PlainJSON) -> [Self]? {
    guard case .array(let values) = json else { return nil }
    let files = values.compactMap(Self.init)
    return files.count == values.count ? files : nil
  }

  private init?(_ json: PlainJSON) {
    guard case .object = json else { return nil }
    name = json["name"].map { ResponseJSON.Lenient(value: $0.text) }
    size = json["size"].map { ResponseJSON.Lenient(value: $0.number) }
    type = json["type"].map { ResponseJSON.Lenient(value: $0.text) }
    sha256 = json["sha256"].map { ResponseJSON.Lenient(value: $0.text) }
    url = json["url"].map { ResponseJSON.Lenient(value: $0.text) }
  }
}

extension ResponseJSON.Lenient {
  fileprivate init(value: Value?) { self.value = value }
}
