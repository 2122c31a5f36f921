import HTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

/// The server's few pages for browsers: plain HTML without scripts.
struct Page: Sendable {
  let links: PageLinks

  init(_ links: PageLinks) {
    self.links = links
  }

  /// The pages for a request whose client prefers HTML to JSON; nil for every other client.
  init?(for request: HTTPRequest) {
    guard AcceptField.prefersHTML(request.headerFields) else { return nil }
    self.init(PageLinks(request))
  }

  /// The front page: a form to upload with, and the stored files.
  var front: ListingFormat {
    format(
      title: "Sluice",
      before: """
        <h1>Upload files</h1>
        <form method="post" action="\(links.to("file-upload"))" enctype="multipart/form-data">
        <input type="file" name="file" multiple required aria-label="Files">
        <button type="submit">Upload</button>
        </form>
        <h2>Files</h2>

        """,
      after: ""
    )
  }

  /// The stored files without the form.
  var listing: ListingFormat {
    format(title: "Files", before: "<h1>Files</h1>\n", after: uploadMore)
  }

  /// The page that the sender of a form gets when all files are stored.
  func stored(_ files: [StoredFile]) -> String {
    format(title: "Uploaded", before: "<h1>Uploaded</h1>\n", after: uploadMore).text(files)
  }

  /// The page for an error: what happened, and a link back.
  /// - Parameters:
  ///   - message: may contain what a client sent; it is escaped here.
  ///   - linksBack: false where the link would only lead to the same error.
  func error(_ message: String, status: HTTPResponse.Status, linksBack: Bool = true) -> String {
    let title = MarkupText.escaped(status.reasonPhrase)
    var navigation = linksBack ? "<p><a href=\"\(links.front)\">Back to the upload page</a></p>" : ""
    if status == .unauthorized { navigation = tokenForm }
    let body = """
      <h1>\(title)</h1>
      <p>\(MarkupText.escaped(PlainText.sanitized(message)))</p>
      \(navigation)
      <p><small>Status \(status.code)</small></p>
      """
    return Self.documentStart(title: title) + body + Self.documentEnd
  }

  /// Opens the front page with a token, which its links then pass on.
  private var tokenForm: String {
    """
    <form method="get" action="\(links.root)">
    <p><label>Access token: <input type="password" name="token" required autocomplete="current-password"></label>
    <button type="submit">Open</button></p>
    </form>
    """
  }

  private var uploadMore: String { "\n<p><a href=\"\(links.front)\">Upload more</a></p>" }

  /// A page around a table of files.
  private func format(title: String, before: String, after: String) -> ListingFormat {
    ListingFormat(
      contentType: Self.contentType,
      start: Self.documentStart(title: title) + before,
      first: "<table>\n<tr><th>Name</th><th class=\"size\">Size</th><th>Type</th></tr>\n",
      separator: "\n",
      last: "\n</table>",
      empty: "<p>No files yet.</p>",
      end: after + Self.documentEnd,
      row: row
    )
  }

  static let contentType = "text/html; charset=utf-8"

  private static func documentStart(title: String) -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(title)</title>
    <style>
    :root { color-scheme: light dark; }
    body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
    table { border-collapse: collapse; width: 100%; }
    th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8884; overflow-wrap: anywhere; }
    .size { text-align: right; white-space: nowrap; padding-right: 1.5rem; }
    button { font: inherit; padding: .3rem 1rem; }
    </style>
    </head>
    <body>

    """
  }

  private static let documentEnd = "\n</body>\n</html>\n"

  private func row(_ file: StoredFile) -> String {
    let name = MarkupText.escaped(PlainText.sanitized(file.name))
    let type = MarkupText.escaped(file.type ?? "")
    return "<tr><td><a href=\"\(links.to("files/" + file.urlComponent))\">\(name)</a></td>"
      + "<td class=\"size\">\(ByteSize.text(file.size))</td><td>\(type)</td></tr>"
  }
}
