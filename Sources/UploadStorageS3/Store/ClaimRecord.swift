import UploadCore
import UploadStorage

/// What the object of a claim says: which upload has it, and which multipart upload is to be aborted when its server is gone. Pure.
///
/// Lines of text, each a name, a colon, a space and a value: keys and upload IDs have no line ends.
struct ClaimRecord: Sendable, Equatable {
  /// The longest record that is read, in bytes: a key of 1,024 bytes, and an upload ID of any engine.
  static let longest = 16 * 1024
  private static let title = "sluice claim"

  /// The upload that has the claim.
  var holder: UploadID
  /// The key of the object that it is going to be.
  var key: String
  /// The engine's ID of the multipart upload; nil before it has begun.
  var uploadID: String?
  /// The unfinished upload that it belongs to: as long as there is a record of that, the claim is not void. nil for an upload
  /// of one request.
  var unfinished: UnfinishedID?

  init(holder: UploadID, key: String, uploadID: String? = nil, unfinished: UnfinishedID? = nil) {
    (self.holder, self.key, self.uploadID, self.unfinished) = (holder, key, uploadID, unfinished)
  }

  /// The text of the object.
  var text: String {
    let upload = uploadID.map { "upload: \($0)\n" } ?? ""
    let unfinished = unfinished.map { "unfinished: \($0)\n" } ?? ""
    return "\(Self.title)\nholder: \(holder)\nkey: \(key)\n\(upload)\(unfinished)"
  }

  /// Reads a record; nil for any other text. Text lines with unknown names are ignored.
  init?(_ bytes: some Sequence<UInt8>) {
    guard let text = String(validating: Array(bytes), as: UTF8.self) else { return nil }
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true).map { String($0) ?? "" }
    guard lines.first == Self.title else { return nil }
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let value = line.utf8[line.utf8.index(after: colon)...].drop { $0 == UInt8(ascii: " ") }
      fields[String(line[..<colon])] = String(value) ?? ""
    }
    guard let holder = fields["holder"].flatMap({ UploadID($0) }), let key = fields["key"], !key.isEmpty else {
      return nil
    }
    let unfinished = fields["unfinished"].flatMap { UnfinishedID($0) }
    self.init(holder: holder, key: key, uploadID: fields["upload"], unfinished: unfinished)
  }
}
