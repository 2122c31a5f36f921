import Foundation

/// The JSON body of a response to an upload.
struct ResponseJSON: Decodable, Equatable {
  struct File: Decodable, Equatable {
    var name: String
    var size: UInt64
    var type: String?
    var sha256: String?
    var url: String?
  }

  var status: Int
  var msg: String
  var ok: Bool
  /// The stored files; nil when the request was rejected.
  var files: [File]?

  init(_ text: String) throws {
    self = try JSONDecoder().decode(ResponseJSON.self, from: Data(text.utf8))
  }
}

/// One HTTP response as received from a socket.
struct HTTPResponse {
  let status: Int
  /// The header fields, without the status line.
  let head: String
  let body: String

  /// The complete responses at the beginning of `bytes`. A response without Content-Length has no body.
  /// - Parameter method: of the requests: responses to HEAD have no body, whatever their Content-Length.
  static func parse(_ bytes: [UInt8], to method: String = "GET") -> [HTTPResponse] {
    var responses: [HTTPResponse] = []
    var rest = bytes[...]
    while let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) {
      let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n", maxSplits: 1)
      let head = lines.count > 1 ? String(lines[1]) : ""
      let field = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
      let length = method == "HEAD" ? 0 : field.flatMap { Int($0.dropFirst(15).drop { $0 == " " }) } ?? 0
      guard rest.endIndex - end.upperBound >= length else { break }
      let statusLine = lines[0].split(separator: " ")
      let status = statusLine.count > 1 ? Int(statusLine[1]) ?? 0 : 0
      let body = String(decoding: rest[end.upperBound..<end.upperBound + length], as: UTF8.self)
      responses.append(HTTPResponse(status: status, head: head, body: body))
      rest = rest[(end.upperBound + length)...]
    }
    return responses
  }

  var json: ResponseJSON {
    get throws { try ResponseJSON(body) }
  }
}

extension Curl.Reply {
  var json: ResponseJSON {
    get throws { try ResponseJSON(body) }
  }

  /// Whether the request was rejected: the HTTP status and that of the JSON are `code`, and there is a message.
  func isRejection(_ code: Int) -> Bool {
    guard let json = try? json else { return false }
    return status == code && json.status == code && !json.ok && !json.msg.isEmpty && json.files == nil
  }

  /// Whether the response says that one file of this name and size was stored.
  func isStored(_ name: String, size: Int, status code: Int = 201) -> Bool {
    guard let json = try? json else { return false }
    return status == code && json.status == code && json.ok && json.msg == "file uploaded"
      && json.files?.count == 1 && json.files?.first?.name == name && json.files?.first?.size == UInt64(size)
  }
}
