import Dashboard
import UploadCore
import UploadProtocol

/// A text for the user's clipboard, and what it is.
struct CopiedText: Sendable, Equatable {
  /// Such as `link`, or `URL of a.bin`.
  let subject: String
  let text: String

  /// - Parameters:
  ///   - filesURL: below which clients can download files, with a slash at its end; nil where they cannot.
  ///   - directory: the absolute path of the upload directory.
  /// - Throws: ``UploadError`` with code `badValue` for a path that no text contains exactly, or that a shell would take
  ///   for several commands.
  init(_ source: CopySource, filesURL: String?, directory: String) throws(UploadError) {
    switch source {
    case .link(let link): (subject, text) = ("link", link)
    case .url(let url, let name): (subject, text) = ("URL of \(name)", url)
    case .path(let path, let name): self = try CopiedText(path: path, name: name)
    case .received(let bytes, let name):
      guard let filesURL else {
        let slash = directory.hasSuffix("/") ? "" : "/"
        self = try CopiedText(path: directory + slash + bytes.losslessText, name: name)
        return
      }
      (subject, text) = ("URL of \(name)", filesURL + PercentEncoding.encode(path: bytes.bytes))
    }
  }

  private init(path: String, name: String) throws(UploadError) {
    let isExact = PlainText.sanitized(path) == path && !NameBytes.containsRawBytes(path)
    guard isExact else {
      throw UploadError(.badValue, "The path of \(name) has characters that cannot be copied safely.")
    }
    (subject, text) = ("path of \(name)", path)
  }

  /// The note after it was sent to the terminal, and perhaps to tmux. The text comes first: on a narrow screen the rest is
  /// not visible.
  /// - Parameter isInTmux: whether tmux has accepted it too.
  func note(isInTmux: Bool) -> String {
    isInTmux
      ? "\(subject) copied to tmux: \(text) (and sent to the terminal's clipboard)"
      : "\(subject) sent to the clipboard: \(text) (terminals do not confirm it)"
  }
}
