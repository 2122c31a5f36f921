package import UploadCore

/// Writes everything of a form except the files' content, which the caller sends separately, for example from a file.
///
/// A form of two files is `head(isFirst: true)`, content, `head(isFirst: false)`, content, `tail`; their lengths in
/// bytes add up to its Content-Length. A form has at least one part.
package struct MultipartWriter: Sendable {
  package let boundary: MultipartBoundary

  package init(boundary: MultipartBoundary) {
    self.boundary = boundary
  }

  /// The bytes before a file's content: the delimiter and the part's headers.
  ///
  /// Names are written as browsers do (the WHATWG's encoding of form data): raw UTF-8, with CR, LF and `"` escaped.
  /// Controls in `contentType` are omitted, so that it cannot add a header.
  /// - Parameters:
  ///   - filename: need not be UTF-8; all other bytes are written as they are.
  ///   - isFirst: whether this is the form's first part, text fields included; no CRLF is written before its boundary.
  package func head(fieldName: String, filename: NameBytes, contentType: String, isFirst: Bool) -> [UInt8] {
    var head = opening(fieldName, isFirst: isFirst)
    head += "; filename=\"".utf8
    head += Self.escaped(filename.bytes)
    head += "\"\r\nContent-Type: ".utf8
    head += contentType.utf8.filter { $0 >= 0x20 && $0 != 0x7F }
    head += "\r\n\r\n".utf8
    return head
  }

  /// A whole part with a text field (RFC 7578 section 4.2). The caller makes sure that `value` contains no delimiter,
  /// which is as good as certain with a random boundary.
  /// - Parameters:
  ///   - name: escaped like the names of ``head(fieldName:filename:contentType:isFirst:)``.
  ///   - value: written as it is.
  ///   - isFirst: whether this is the form's first part; no CRLF is written before its boundary.
  package func field(name: String, value: String, isFirst: Bool) -> [UInt8] {
    opening(name, isFirst: isFirst) + "\r\n\r\n".utf8 + value.utf8
  }

  /// The delimiter, and the first header up to and including the name of the form's control.
  private func opening(_ name: String, isFirst: Bool) -> [UInt8] {
    var head = isFirst ? Array("--".utf8) + boundary.bytes : boundary.delimiter
    head += "\r\nContent-Disposition: form-data; name=\"".utf8
    return head + Self.escaped(name.utf8) + "\"".utf8
  }

  /// The bytes after the form's last part: CRLF, two dashes, the boundary, two dashes, CRLF.
  package var tail: [UInt8] {
    boundary.delimiter + "--\r\n".utf8
  }

  private static func escaped(_ name: some Sequence<UInt8>) -> [UInt8] {
    name.flatMap { byte -> [UInt8] in
      let escape = ContentDisposition.percentEscapes.first { $0.byte == byte }
      return escape.map { Array($0.text.utf8) } ?? [byte]
    }
  }
}
