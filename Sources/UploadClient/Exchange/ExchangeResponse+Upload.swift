import HTTPExchange
import NIOCore
import NIOHTTP1
import UploadCore

/// What a response means for an upload.
extension ExchangeResponse {
  /// The most of the body that is kept, in bytes. A response is a short JSON text, or a file that is compared with a small
  /// one (``SmallRequest/sizeLimit``): more than this is not needed.
  static let bodyLimit = 64 * 1024 + 1

  /// How much of a text of the server a message quotes, in bytes.
  private static let quotedLength = 200

  /// The value of `Location`, as sent: unchecked and perhaps relative; nil without one. It is a redirection only if the
  /// status is 3xx.
  var location: String? { headers.first(name: "location") }
  /// The value of `Content-Type`, as sent: the media type of the body, perhaps with parameters; nil without one.
  var contentType: String? { headers.first(name: "content-type") }
  /// The value of `Retry-After`, as sent; nil without one.
  var retryAfter: String? { headers.first(name: "retry-after") }

  /// The upload as it was sent, to compare the response with.
  struct Sent {
    /// The requested name, safe to display.
    var name: String
    /// Bytes of content.
    var bytes: UInt64
    /// The declared media type.
    var type: String
    /// Whether a whole form was sent: then 302 and 303 are a success as well.
    var isWholeForm = false
    /// Whether an access token was sent: it decides what the message for 401 advises.
    var hasToken = false
    /// The proxy that forwarded the request; nil without one.
    var proxy: ProxyServer?
    /// The server that it was sent to, for the URL of the file; nil where that is not needed.
    var target: SendTarget?
    /// Whether it was resumable: then `Location` is the URL of the upload, not that of the file.
    var isResumable = false
  }

  /// The outcome of an upload that the server has accepted: with the name, type and digest of the response where it
  /// states them for exactly one file, else with the name and type of the request and no digest. Compares the size, but
  /// not the digest.
  /// - Throws: ``UploadError`` with code `refusedByServer` unless the status is a success (2xx; for a whole form 302 and 303
  ///   too), `contentMismatch` when the server reports another size than was sent.
  func finishedUpload(_ sent: Sent) throws(UploadError) -> FinishedUpload {
    guard isSuccess || sent.isWholeForm && Self.seeOther.contains(status) else {
      let message = "HTTP \(status): \(rejection(of: sent))"
      throw UploadError(.refusedByServer, message, cause: ServerRejection(status: status))
    }
    // One upload is one file: a response about several files is not about this one.
    let files = ResponseJSON.decode(body)?.files?.value ?? []
    let stored = files.count == 1 ? files.first : nil
    if let size = stored?.size?.value, size != sent.bytes {
      let message = "\(sent.bytes) bytes were sent, but the server says that it stored \(size). Send the file again."
      throw UploadError(.contentMismatch, message)
    }
    return FinishedUpload(
      path: stored?.name?.value.map(PlainText.sanitized) ?? sent.name,
      url: url(of: stored, sent),
      bytes: sent.bytes,
      type: stored?.type?.value.map(PlainText.sanitized) ?? sent.type,
      declaredType: sent.type,
      // Another server software may use the key for something else.
      sha256: stored?.sha256?.value.flatMap { ContentDigests(sha256Text: $0) }?.sha256Text
    )
  }

  /// The URL of the stored file on the server that it was sent to, without an access token; nil where the response states
  /// none. Only its path is that of the response: no server can name another one.
  private func url(of file: ResponseJSON.StoredFile?, _ sent: Sent) -> String? {
    let location = status == 201 && !sent.isResumable ? location : nil
    guard let target = sent.target, let requestURI, let reference = file?.url?.value ?? location,
      let uri = UploadLocation.uri(reference, relativeTo: requestURI)
    else { return nil }
    return UploadLocation.withoutToken("\(target.origin.scheme)://\(target.hostField)\(uri)")
  }

  /// Why the server rejected the upload, as one text line that is safe to display. For 401 and 407 it is what the user can
  /// do: servers and proxies describe only how a request carries credentials.
  private func rejection(of sent: Sent) -> String {
    if status == 401 {
      return sent.hasToken
        ? "The token that was sent is not accepted. Check --token or SLUICE_TOKEN."
        : "Give the token with --token TOKEN or SLUICE_TOKEN."
    }
    if status == 407, let proxy = sent.proxy { return "the proxy \(proxy) \(proxy.credentialsAdvice)" }
    if (300..<400).contains(status), let location {
      return "the server redirects to \(Self.quoted(location.utf8)). Send to that address if you trust it."
    }
    if let message = ResponseJSON.decode(body)?.msg?.value, !message.isEmpty {
      return HTMLText.isDocument(message, mediaType: nil) ? quotedDocument(message) : Self.quoted(message.utf8)
    }
    let document = String(decoding: body, as: UTF8.self)
    if HTMLText.isDocument(document, mediaType: contentType) { return quotedDocument(document) }
    let text = Self.quoted(body)
    return text.isEmpty ? Self.quoted(reason.utf8) : text
  }

  /// An HTML document as one text line: its summary, otherwise the reason phrase.
  private func quotedDocument(_ document: String) -> String {
    // Many titles repeat the status: "413 Request Entity Too Large".
    let summary = HTMLText.summary(of: document).map { $0.hasPrefix("\(status) ") ? String($0.dropFirst(4)) : $0 }
    return Self.quoted((summary ?? reason).utf8)
  }

  /// The first ``quotedLength`` bytes of a text of the server as one text line: invalid UTF-8 is repaired, runs of white space
  /// become one space, control characters are replaced.
  private static func quoted(_ bytes: some Collection<UInt8>) -> String {
    var head = Array(bytes.prefix(quotedLength + 1))
    if head.count > quotedLength {
      // Not within a character, which has up to three bytes after its first.
      var end = quotedLength
      while end > quotedLength - 3, head[end] & 0xC0 == 0x80 { end -= 1 }
      head.removeSubrange(end...)
    }
    let text = String(decoding: head, as: UTF8.self)
    return PlainText.sanitized(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
  }
}

/// The cause of an error with code `refusedByServer`.
struct ServerRejection: Error {
  let status: Int
}
