import UploadCore

extension ServerAnswer {
  /// What was sent, to hold the answer against.
  struct Sent {
    /// The name asked for.
    var name: String
    /// Bytes of content.
    var bytes: UInt64
    /// The media type stated.
    var type: String
    /// Whether it was a form, and all of it was sent: then 302 and 303 are a success as well.
    var isWholeForm = false
  }

  /// Redirections that say that a form was processed, and where to look next.
  static let seeOther: Set<Int> = [302, 303]

  /// How much of a text that is not ours is quoted, in bytes.
  private static let quotedLength = 200

  /// What the answer says of the upload.
  /// - Throws: ``UploadError`` with code `refusedByServer` unless the status is a success (2xx; for a whole form 302 and 303
  ///   too), `contentMismatch` when the server
  ///   names another size than was sent.
  func verdict(on sent: Sent) throws(UploadError) -> FinishedUpload {
    guard (200..<300).contains(status) || sent.isWholeForm && Self.seeOther.contains(status) else {
      throw UploadError(.refusedByServer, "HTTP \(status): \(complaint)")
    }
    // One upload is one file; an answer about several is about something else.
    let files = AnswerText.decode(body)?.files ?? []
    let stored = files.count == 1 ? files.first : nil
    if let size = stored?.size, size != sent.bytes {
      throw UploadError(
        .contentMismatch,
        "\(sent.bytes) bytes were sent, but the server says that it stored \(size). Look at the stored file, and send it again."
      )
    }
    return FinishedUpload(
      path: stored?.name.map(PlainText.sanitized) ?? sent.name,
      bytes: sent.bytes,
      type: stored?.type.map(PlainText.sanitized) ?? sent.type,
      declaredType: sent.type,
      // What is no digest is another server's own idea.
      sha256: stored?.sha256.flatMap { ContentDigests(sha256Text: $0) }?.sha256Text
    )
  }

  /// What the server has to say, in one line fit to be shown.
  private var complaint: String {
    if (300..<400).contains(status), let location {
      return "it is elsewhere now. Send to \(Self.quoted(location.utf8)) if you trust that address."
    }
    if let message = AnswerText.decode(body)?.message, !message.isEmpty {
      return Self.quoted(message.utf8)
    }
    let document = String(decoding: body, as: UTF8.self)
    if HTMLText.isDocument(document, mediaType: contentType) {
      // Many titles repeat the status: "413 Request Entity Too Large".
      let summary = HTMLText.summary(of: document).map { $0.hasPrefix("\(status) ") ? String($0.dropFirst(4)) : $0 }
      return Self.quoted((summary ?? reason).utf8)
    }
    let text = Self.quoted(body)
    return text.isEmpty ? Self.quoted(reason.utf8) : text
  }

  /// The first bytes of a stranger's text in one line; broken characters are repaired, blanks and line ends become one space.
  private static func quoted(_ bytes: some Collection<UInt8>) -> String {
    let text = String(decoding: bytes.prefix(quotedLength), as: UTF8.self)
    return PlainText.sanitized(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
  }
}
