import Basics
package import UploadCore

/// What a tus client tells of a file in `Upload-Metadata`: `filename d29ybGQudHh0,filetype dGV4dC9wbGFpbg==,flag`.
package struct TusMetadata: Sendable, Equatable {
  /// The most bytes of a field.
  package static let maxLength = 8192

  /// The field as the client wrote it, but without blanks around its elements: clients split it at each comma.
  package let text: String
  /// The values by key, empty where the client states a key alone.
  private var values: [String: [UInt8]] = [:]

  /// Reads a field; an empty one has no keys.
  /// - Throws: ``UploadError`` with code `badRequest` for a key that is empty, repeated or not ASCII, for a value that
  ///   is not Base64, for an empty element, and for a field over ``maxLength``.
  package init(_ text: String) throws(UploadError) {
    guard text.utf8.count <= Self.maxLength else { throw Self.invalid("it has more than \(Self.maxLength) bytes") }
    let elements = Array(text.utf8).split(separator: ASCII.comma, omittingEmptySubsequences: false).map(
      \.trimmingBlanks
    )
    self.text = elements.map(\.repairedText).joined(separator: ",")
    guard elements.count > 1 || elements.first?.isEmpty == false else { return }
    for element in elements { try add(element) }
  }

  private mutating func add(_ element: ArraySlice<UInt8>) throws(UploadError) {
    var rest = element
    let key = rest.read { $0 > ASCII.space && $0 < 0x7F }
    guard !key.isEmpty, rest.first ?? ASCII.space == ASCII.space else {
      throw Self.invalid("\(Excerpt.quoted(element)) has no key in ASCII")
    }
    guard let value = Base64.decode(rest.dropFirst()) else {
      throw Self.invalid("the value of \(Excerpt.quoted(key)) is not Base64")
    }
    guard values.updateValue(value, forKey: key.repairedText) == nil else {
      throw Self.invalid("the key \(Excerpt.quoted(key)) is repeated")
    }
  }

  /// The value of a key in bytes; nil for an unknown key.
  package subscript(_ key: String) -> [UInt8]? { values[key] }

  /// The file's path by the key `relativePath`, as Uppy states it for files of a directory; nil where the client states
  /// none. Uppy writes `null` for other files.
  private var relativePath: NameBytes? {
    guard let path = value("relativePath"), !path.elementsEqual("null".utf8) else { return nil }
    return NameBytes(path.first == UInt8(ascii: "/") ? path.dropFirst() : path[...])
  }

  /// The file's path or name, with all directories that the client states; nil where it states none.
  package var name: NameBytes? { relativePath ?? value("filename", "name").map { NameBytes($0) } }

  /// Whether directories in ``name`` are to be kept: the client states a `relativePath`, or `keep` for `paths`.
  package var keepsPath: Bool {
    relativePath != nil || value("paths").map { $0.elementsEqual("keep".utf8) } ?? false
  }

  /// The file's modification time as the client states it, see ``ModificationTime``; nil where it states none.
  package var modified: String? { value("mtime").map(\.repairedText) }

  /// The name of the sender by the key `sender`, as the client states it: see ``SenderName``; nil where it states none.
  package var sender: [UInt8]? { value("sender") }

  /// The file's media type, in lower case and without parameters; nil where the client states none or a malformed one.
  package var type: String? {
    value("filetype", "type").flatMap { MediaTypeNames.essence(ofField: $0.repairedText) }
  }

  /// The first value that is not empty.
  private func value(_ keys: String...) -> [UInt8]? {
    keys.compactMap { values[$0] }.first { !$0.isEmpty }
  }

  private static func invalid(_ what: String) -> UploadError {
    UploadError(.badRequest, "Upload-Metadata is invalid: \(what). Write KEY BASE64,KEY BASE64 with unique keys.")
  }
}
