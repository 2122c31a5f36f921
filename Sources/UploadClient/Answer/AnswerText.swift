import FoundationEssentials
import UploadCore

/// The JSON that a Sluice server answers with (README.md, Uploading); other servers' JSON is taken for what of it fits.
struct AnswerText: Decodable {
  struct StoredFile: Decodable {
    /// The name it was stored under.
    var name: String?
    /// In bytes.
    var size: UInt64?
    /// Media type.
    var type: String?
    /// Lower-case hexadecimal.
    var sha256: String?

    private enum Key: String, CodingKey {
      case name, size, type, sha256
    }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      // A field of another kind than expected is another server's own idea: it does not make a success a failure.
      name = try? values.decode(String.self, forKey: .name)
      size = try? values.decode(UInt64.self, forKey: .size)
      type = try? values.decode(String.self, forKey: .type)
      sha256 = try? values.decode(String.self, forKey: .sha256)
    }
  }

  /// What a person should know.
  var message: String?
  var files: [StoredFile]

  private enum Key: String, CodingKey {
    case msg, files
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    message = try? values.decode(String.self, forKey: .msg)
    files = (try? values.decode([StoredFile].self, forKey: .files)) ?? []
  }

  /// Reads an answer's body; nil when it is no JSON object.
  static func decode(_ body: [UInt8]) -> AnswerText? {
    try? JSONDecoder().decode(AnswerText.self, from: Data(body))
  }
}
