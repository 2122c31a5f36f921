import HTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

/// The server's pages without scripts: receipts, errors, and listings (``listing(of:in:)``). ``UploadPage`` is another
/// matter.
///
/// Links are relative to the address that a page was requested under, so that they stay below the prefix of a proxy
/// such as nginx's `location /up/ { proxy_pass http://127.0.0.1:8080/; }`, which the server never sees.
struct Page: Sendable {
  /// From the page to the upload page, without the token: `./`, or one `../` for each directory of the page's own path.
  private let root: String
  /// The query `?token=...` of the page's links: the token in the address that the page was requested with. Empty
  /// without one.
  private let query: String

  /// The pages for requests of one path.
  /// - Parameters:
  ///   - path: of the request, as it was sent, with or without a query; begins with a slash.
  ///   - token: what the request's query has as the token, in clear; it is escaped here. nil without one.
  init(path: String, token: String? = nil) {
    let depth = path.utf8.prefix { $0 != UInt8(ascii: "?") }.count { $0 == UInt8(ascii: "/") } - 1
    root = depth > 0 ? String(repeating: "../", count: depth) : "./"
    query = token.map { "?token=" + PercentEncoding.encode($0) } ?? ""
  }

  /// The pages of a server whose upload page has an absolute URL.
  /// - Parameter root: that URL, with a slash at its end.
  init(root: String) {
    (self.root, query) = (MarkupText.escaped(root), "")
  }

  init(_ request: HTTPRequest) {
    self.init(path: request.path ?? "/", token: IncomingRequest(request).token)
  }

  /// The pages for a request whose client prefers HTML to JSON; nil for every other client.
  init?(for request: HTTPRequest) {
    guard AcceptField.prefersHTML(request.headerFields) else { return nil }
    self.init(request)
  }

  /// A relative URL of a page or endpoint, with the token that this page was requested with, as it stands in HTML.
  /// - Parameters:
  ///   - path: below the server's root, without the leading slash; already escaped. Empty for the upload page.
  ///   - parameters: further parameters of the query, such as `format=tar`, as they stand in HTML; nil for none.
  func link(to path: String, adding parameters: String? = nil) -> String {
    guard let parameters else { return root + path + query }
    return root + path + (query.isEmpty ? "?" : query + "&amp;") + parameters
  }

  /// The page after a successful upload without scripts: what was stored, and links onward.
  /// - Parameter linksFiles: whether the names of the files are links: to a visitor of a drop box these would be closed.
  func stored(_ files: [StoredFile], linksFiles: Bool = true) -> String {
    let columns = [("name", "Name"), ("size", "Size"), ("type", "Type")].map { style, title in
      "<th scope=\"col\" class=\"\(style)\">\(title)</th>"
    }
    let rows = files.map { file in
      let digest = file.digests.sha256Text.map { "<br><code class=\"sha\">SHA-256 \($0)</code>" } ?? ""
      let name = file.nameBytes.description
      return "<tr><td>\(linksFiles ? anchor(name, to: file.url) : Self.isolated(name))\(digest)</td>"
        + "<td class=\"size\">\(ByteSize.text(file.size))</td>"
        + "<td class=\"type\">\(MarkupText.escaped(file.type ?? ""))</td></tr>"
    }
    let body = """
      <h1>\(files.count == 1 ? "Your file was stored" : "Your files were stored")</h1>
      <p class="links"><a href="\(link(to: ""))">Send more files</a></p>
      <div class="card"><table>
      <tr>\(columns.joined())</tr>
      \(rows.joined(separator: "\n"))
      </table></div>
      """
    return Self.document(title: "Stored: \(CountText.files(UInt64(files.count)))", body: body)
  }

  /// The page for an error: what happened, and a link back; with status 401 a field for the token in place of the link.
  /// - Parameter message: may contain what a client sent; it is escaped here.
  func error(_ message: String, status: HTTPResponse.Status) -> String {
    let title = MarkupText.escaped(status.reasonPhrase)
    let back = "<p class=\"links\"><a href=\"\(link(to: ""))\">Back to the upload page</a></p>"
    let body = """
      <section class="error card">
      <h1>\(title)</h1>
      <p>\(MarkupText.escaped(PlainText.sanitized(message)))</p>
      \(status == .unauthorized ? tokenForm : back)
      <p class="small">Status \(status.code)</p>
      </section>
      """
    return Self.document(title: title, body: body)
  }

  /// A form that opens the upload page with a token, which its links then pass on.
  private var tokenForm: String {
    """
    <form method="get" action="\(root)">
    <label>Access token <input type="password" name="token" required autocomplete="current-password"></label>
    <button>Open</button>
    </form>
    """
  }

  /// A link with the name of a file or directory, which a name of another writing direction does not rearrange.
  /// - Parameters:
  ///   - name: as a client chose it; it is escaped here.
  ///   - path: as for ``link(to:adding:)``.
  func anchor(_ name: String, to path: String) -> String {
    "<a href=\"\(link(to: path))\">\(Self.isolated(name))</a>"
  }

  /// The name of a file or directory in HTML, which does not rearrange the text around it.
  private static func isolated(_ name: String) -> String {
    "<bdi>\(MarkupText.escaped(PlainText.sanitized(name)))</bdi>"
  }

  // MARK: Documents

  static let contentType = "text/html; charset=utf-8"

  /// A whole page.
  /// - Parameters:
  ///   - title: as it stands in HTML.
  ///   - body: the content of `main`.
  static func document(title: String, body: String) -> String {
    documentStart(title: title) + body + documentEnd
  }

  /// The beginning of every page, up to the content of `main`.
  static func documentStart(title: String) -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(title)</title>
    <link rel="icon" href="data:,">
    <style>\(PageStyle.text)</style>
    </head>
    <body>
    <main>

    """
  }

  static let documentEnd = "\n</main>\n</body>\n</html>\n"
}
