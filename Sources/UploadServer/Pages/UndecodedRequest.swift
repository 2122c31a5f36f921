import HTTPTypes
import NIOCore
import UploadProtocol

/// What can be told of a request that is not decoded, since it is malformed or came to a port that requires TLS: enough
/// to respond in the form that its client can show.
///
/// Only the first read is looked at: a browser sends all headers at once. What is wrong here makes the response look
/// wrong, and has no other effect.
struct UndecodedRequest {
  /// How many bytes are searched.
  private static let limit = 16 * 1024

  /// With target, `Host` and `Accept`, as far as they are there and plausible.
  let head: HTTPRequest

  init(_ bytes: ByteBuffer) {
    let text = String(
      buffer: bytes.getSlice(at: bytes.readerIndex, length: min(bytes.readableBytes, Self.limit)) ?? bytes
    )
    let lines = text.split(whereSeparator: \.isNewline)
    func value(_ name: String) -> String? {
      let line = lines.dropFirst().first { $0.prefix(name.count + 1).lowercased() == name + ":" }
      return line.map { String($0.dropFirst(name.count + 1).filter { $0.isASCII && $0 >= " " && $0 != "\u{7F}" }) }
    }
    let target = lines.first?.split(separator: " ").dropFirst().first.map(String.init) ?? "/"
    let isTarget = target.hasPrefix("/") && target.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    var head = HTTPRequest(method: .get, scheme: nil, authority: nil, path: isTarget ? target : "/")
    head.headerFields[.accept] = value("accept")
    head.authority = value("host").map(\.withoutBlanks)
    self.head = head
  }

  /// The page for its response; nil where the client does not prefer HTML.
  var page: Page? { Page(for: head) }

  /// The page for its response, of which the links lead to this host over TLS; nil also where the host is not known.
  var pageOverTLS: Page? {
    guard AcceptField.prefersHTML(head.headerFields), let host = head.authority, !host.isEmpty,
      host.utf8.allSatisfy(RequestRules.isHostByte)
    else { return nil }
    return Page(root: "https://\(host)/")
  }
}
