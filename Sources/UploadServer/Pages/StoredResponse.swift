import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadReport
import UploadStorage

/// Writes the response to a PUT whose file is stored, byte for byte as ``ServerResponse`` and the encoder would, without
/// making values of its fields: for the many small files of a directory.
struct StoredResponse {
  let file: StoredFile
  /// The target of the request, without a query.
  let target: String
  /// Whether the modification time that the request states was set.
  let setsTime: Bool

  /// Whether the response has no other fields than that to any PUT: the request is neither of tus nor of a foreign origin's
  /// page, the client does not prefer a page, and no digest is known.
  static func suits(_ request: CurrentRequest, _ file: StoredFile) -> Bool {
    request.allowedOrigin == nil && !request.isTus && request.page == nil && file.digests == ContentDigests()
  }

  /// Appends the whole response.
  /// - Parameter closes: whether the connection is closed after it.
  func write(into bytes: inout ByteBuffer, closes: Bool) {
    let url = file.url(relativeTo: target)
    let (status, line): (StaticString, StaticString) = file.replaced ? ("200", "200 OK") : ("201", "201 Created")
    var body: [UInt8] = []
    body.reserveCapacity(192 + 2 * url.utf8.count)
    body.append("{\"status\":")
    body.append(status)
    body.append(",\"msg\":\"file uploaded\",\"ok\":true,\"files\":[{\"name\":")
    body.appendJSON(file.name)
    body.append(",\"size\":")
    body += String(file.size).utf8
    body.append(",\"type\":")
    if let type = file.type { body.appendJSON(type) } else { body.append("null") }
    body.append(",\"url\":")
    body.appendJSON(url)
    body.append("}]}\n")

    bytes.writeStaticString("HTTP/1.1 ")
    bytes.writeStaticString(line)
    bytes.writeStaticString("\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff")
    bytes.writeStaticString("\r\nReferrer-Policy: no-referrer\r\nContent-Length: ")
    bytes.writeString(String(body.count))
    bytes.writeStaticString("\r\nLocation: ")
    bytes.writeString(url)
    if setsTime { bytes.writeStaticString("\r\nX-OC-Mtime: accepted") }
    bytes.writeStaticString("\r\nDate: ")
    bytes.writeString(CurrentTime.httpDate)
    bytes.writeStaticString("\r\nServer: sluice\r\n")
    if closes { bytes.writeStaticString("Connection: close\r\n") }
    bytes.writeStaticString("\r\n")
    bytes.writeBytes(body)
  }
}

extension [UInt8] {
  fileprivate mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { append(contentsOf: $0) }
  }

  /// Appends a JSON string.
  fileprivate mutating func appendJSON(_ text: String) {
    let isPlain = text.utf8.allSatisfy {
      $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
    }
    guard isPlain else { return append(contentsOf: JSONValue.string(text).serialized.utf8) }
    append("\"")
    append(contentsOf: text.utf8)
    append("\"")
  }
}
