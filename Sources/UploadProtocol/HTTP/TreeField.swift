package import HTTPTypes
package import UploadCore

/// The request field `Sluice-Tree`, by which a client says that a file belongs to a tree that it sends: a structured
/// dictionary such as `id="k3v9", name="photos", files=10000, bytes=40960000`.
package enum TreeField {
  /// The longest value that is read, in bytes.
  private static let maximumLength = 2048
  /// The longest id and the longest name, in bytes.
  private static let longestID = 64
  private static let longestName = FileName.maximumLength
  /// The largest numbers of files and bytes that are believed: a forged one would make all that is left look endless.
  private static let mostFiles: UInt64 = 1_000_000_000
  private static let mostBytes: UInt64 = 100 << 40
  /// The largest integer of a structured field (RFC 9651 section 3.3.1).
  private static let largestInteger: UInt64 = 999_999_999_999_999

  /// Reads the field.
  /// - Returns: the group, its name made safe to show; nil for no field, and for one that is malformed, too long, or has
  ///   no usable id: such a field is ignored. Without a name the group is called `files`.
  package static func group(in fields: HTTPFields) -> UploadGroup? {
    guard let value = fields[.sluiceTree], value.utf8.count <= maximumLength,
      let members = StructuredDictionary.parse(value.utf8), case .string(let id) = members["id"],
      !id.isEmpty, id.utf8.count <= longestID, id.utf8.allSatisfy({ ASCII.isTokenByte($0) })
    else { return nil }
    var name = "files"
    if case .string(let stated) = members["name"], !stated.isEmpty, stated.utf8.count <= longestName {
      name = PlainText.sanitized(stated)
    }
    return UploadGroup(
      id: id,
      name: name,
      files: count(members["files"], mostFiles),
      bytes: count(members["bytes"], mostBytes)
    )
  }

  /// The value that says that a file belongs to this group. A name of which not every character may be in a string is
  /// written as a display string (RFC 9651 section 3.3.8).
  package static func text(_ group: UploadGroup) -> String {
    var members = ["id=\(quoted(group.id))", "name=\(quoted(group.name))"]
    if let files = group.files { members.append("files=\(min(files, largestInteger))") }
    if let bytes = group.bytes { members.append("bytes=\(min(bytes, largestInteger))") }
    return members.joined(separator: ", ")
  }

  private static func count(_ item: StructuredItem?, _ limit: UInt64) -> UInt64? {
    guard case .integer(let number) = item, let count = UInt64(exactly: number), count <= limit else { return nil }
    return count
  }

  private static func quoted(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
      let escaped = text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
      return "\"\(String(escaped))\""
    }
    return "%\"\(PercentEncoding.encode(text).lowercasedEscapes)\""
  }
}

extension String {
  /// The text with the two hexadecimal digits of each escape in lower case, as display strings require.
  fileprivate var lowercasedEscapes: String {
    var digits = 0
    return String(
      map { character in
        if character == "%" {
          digits = 2
          return character
        }
        guard digits > 0 else { return character }
        digits -= 1
        return Character(character.lowercased())
      }
    )
  }
}

extension HTTPField.Name {
  package static let sluiceTree = named("Sluice-Tree")
  /// The name of the sender: see ``SenderField``.
  package static let sluiceSender = named("Sluice-Sender")
  /// By this request field, `Sluice-Process: KEY`, a server recognizes the uploads of its own process, which it accepts
  /// until that ends. The key is known to that process alone.
  package static let sluiceProcess = named("Sluice-Process")

  /// The field name `name`, which must be a token: for tokens the initializer never fails.
  static func named(_ name: String) -> HTTPField.Name {
    HTTPField.Name(name) ?? .eTag
  }
}
