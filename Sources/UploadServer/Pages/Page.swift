import HTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

/// The server's few pages for browsers: plain HTML without scripts.
///
/// Links are relative to the address that a page was requested under, so that they stay below the prefix of a proxy
/// such as nginx's `location /up/ { proxy_pass http://127.0.0.1:8080/; }`, which the server never sees.
struct Page: Sendable {
  /// From the page to the front page, without the token: `./`, or one `../` for each directory of the page's own path.
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
  ///   - path: below the server's root, without the leading slash; already escaped. Empty for the front page.
  ///   - parameter: a further parameter of the query, such as `format=tar`; nil for none.
  func link(to path: String, adding parameter: String? = nil) -> String {
    guard let parameter else { return root + path + query }
    return root + path + (query.isEmpty ? "?" : query + "&amp;") + parameter
  }

  /// The front page: forms to upload files and directories with, and what is in the upload directory.
  var front: ListingFormat {
    format(
      BrowsedDirectory(""),
      title: "Sluice",
      before: """
        <h1>Upload files</h1>
        <form method="post" action="\(link(to: "file-upload"))" enctype="multipart/form-data">
        <input type="file" name="file" multiple required aria-label="Files">
        <button type="submit">Upload</button>
        </form>
        <form method="post" action="\(link(to: "file-upload", adding: "paths=keep"))" enctype="multipart/form-data">
        <input type="file" name="file" webkitdirectory multiple required aria-label="Directory">
        <button type="submit">Upload directory</button>
        </form>
        <h2>Files</h2>

        """,
      last: tarLink(BrowsedDirectory("")),
      after: ""
    )
  }

  /// The page with what is in a directory, without the form.
  func listing(of directory: BrowsedDirectory) -> ListingFormat {
    let path = PlainText.sanitized(directory.path.description)
    return format(
      directory,
      title: MarkupText.escaped(directory.path.isEmpty ? "Files" : "Files: \(path)"),
      before: "<h1>\(trail(to: directory))</h1>\n",
      last: tarLink(directory),
      after: uploadMore
    )
  }

  /// The page after a successful upload: the files that it stored, and a link to the front page.
  func stored(_ files: [StoredFile]) -> String {
    format(nil, title: "Uploaded", before: "<h1>Uploaded</h1>\n", last: "", after: uploadMore).text(files)
  }

  /// The names of a directory and of those that lead to it, which are links.
  private func trail(to directory: BrowsedDirectory) -> String {
    var (links, url) = ([String](), "files/")
    var name = "Files"
    for component in directory.path.bytes.split(separator: UInt8(ascii: "/")) {
      links.append("<a href=\"\(link(to: url))\">\(name)</a>")
      url += PercentEncoding.encode(component) + "/"
      name = MarkupText.escaped(PlainText.sanitized(NameBytes(component).description))
    }
    return (links + [name]).joined(separator: " / ")
  }

  private func tarLink(_ directory: BrowsedDirectory) -> String {
    "\n<p><a href=\"\(link(to: directory.url, adding: "format=tar"))\">Download as tar</a></p>"
  }

  /// The page for an error: what happened, and a link back; with status 401 a field for the token in place of the link.
  /// - Parameters:
  ///   - message: may contain what a client sent; it is escaped here.
  ///   - linksBack: false where the link would only lead to the same error.
  func error(_ message: String, status: HTTPResponse.Status, linksBack: Bool = true) -> String {
    let title = MarkupText.escaped(status.reasonPhrase)
    var navigation = linksBack ? "<p><a href=\"\(link(to: ""))\">Back to the upload page</a></p>" : ""
    if status == .unauthorized { navigation = tokenForm }
    let body = """
      <h1>\(title)</h1>
      <p>\(MarkupText.escaped(PlainText.sanitized(message)))</p>
      \(navigation)
      <p><small>Status \(status.code)</small></p>
      """
    return Self.documentStart(title: title) + body + Self.documentEnd
  }

  /// A form that opens the front page with a token, which its links then pass on.
  private var tokenForm: String {
    """
    <form method="get" action="\(root)">
    <p><label>Access token: <input type="password" name="token" required autocomplete="current-password"></label>
    <button type="submit">Open</button></p>
    </form>
    """
  }

  private var uploadMore: String { "\n<p><a href=\"\(link(to: ""))\">Upload more</a></p>" }

  /// A page around a table of files.
  /// - Parameters:
  ///   - directory: where all of them are; nil for files of several directories, which are shown with their paths.
  ///   - last: the text after the table, where there is one.
  private func format(
    _ directory: BrowsedDirectory?,
    title: String,
    before: String,
    last: String,
    after: String
  ) -> ListingFormat {
    ListingFormat(
      contentType: Self.contentType,
      start: Self.documentStart(title: title) + before,
      first: "<table>\n<tr><th>Name</th><th class=\"size\">Size</th><th>Type</th></tr>\n",
      separator: "\n",
      last: "\n</table>" + last,
      empty: "<p>No files yet.</p>",
      end: after + Self.documentEnd,
      row: { file in
        let shown = directory == nil ? file.nameBytes : file.nameBytes.lastComponent
        let url = directory?.url(of: shown) ?? file.url
        return row(shown.description, url, size: ByteSize.text(file.size), type: file.type ?? "")
      },
      directoryRow: { name, _ in
        row(name.description + "/", (directory ?? BrowsedDirectory("")).url(of: name) + "/", size: "", type: "")
      }
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

  private func row(_ name: String, _ url: String, size: String, type: String) -> String {
    let name = MarkupText.escaped(PlainText.sanitized(name))
    return "<tr><td><a href=\"\(link(to: url))\">\(name)</a></td>"
      + "<td class=\"size\">\(size)</td><td>\(MarkupText.escaped(type))</td></tr>"
  }
}

/// A directory whose content is listed: the upload directory, or one beneath it.
struct BrowsedDirectory: Sendable {
  /// Names separated by slashes; empty for the upload directory itself.
  let path: NameBytes

  init(_ path: NameBytes) { self.path = path }

  /// Where it is listed, below the server's root, with a slash at its end: `files/photos/`.
  var url: String { "files/" + (path.isEmpty ? "" : path.urlPath + "/") }

  /// Where a file in it is downloaded, below the server's root.
  func url(of name: NameBytes) -> String { url + PercentEncoding.encode(name.bytes) }
}

extension NameBytes {
  /// The path, byte for byte, as components of a URL's path: each is percent-encoded, the slashes between them are not.
  var urlPath: String {
    bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { PercentEncoding.encode($0) }
      .joined(separator: "/")
  }
}

extension StoredFile {
  /// Where it can be downloaded, below the server's root.
  var url: String { "files/" + nameBytes.urlPath }

  /// Where it can be downloaded, as a reference relative to the URL of a request (RFC 3986 section 4.2), without a
  /// token: right also behind a proxy that adds a prefix to all paths or removes one.
  /// - Parameter path: the request's, with or without a query.
  func url(relativeTo path: String) -> String {
    Page(path: path).link(to: url)
  }
}

/// Content negotiation by the `Accept` header field (RFC 9110 section 12.5.1), between the two available
/// representations: HTML for browsers, JSON for all other clients.
enum AcceptField {
  /// How well a type matches what a client accepts: the quality from 0, not acceptable, to 1; the precision is 0 for no
  /// match, 1 for `*/*`, 2 for `type/*`, 3 for the type itself.
  private typealias Match = (quality: Double, precision: Int)

  /// Whether the client prefers HTML to JSON: by a higher quality, or at the same one by naming it more precisely.
  /// Without `Accept`, and for clients that accept both alike (`*/*`), it does not.
  static func prefersHTML(_ fields: HTTPFields) -> Bool {
    guard let field = fields[.accept] else { return false }
    let (html, json) = (match(of: "text/html", in: field), match(of: "application/json", in: field))
    return html.quality > 0 && html > json
  }

  /// The most precise match for a type; of equal ones the first.
  private static func match(of type: String, in field: String) -> Match {
    let patterns = ["*/*", String(type.prefix { $0 != "/" }) + "/*", type]
    var best: Match = (quality: 0, precision: 0)
    for range in field.split(separator: ",") {
      let parts = range.split(separator: ";", omittingEmptySubsequences: false).map { $0.withoutBlanks.lowercased() }
      guard let place = patterns.firstIndex(where: { $0 == parts.first }), place >= best.precision else { continue }
      best = (quality: quality(parts.dropFirst()), precision: place + 1)
    }
    return best
  }

  /// The weight among a range's parameters (RFC 9110 section 12.4.2): 1 where there is none, 0 for a malformed one.
  private static func quality(_ parameters: ArraySlice<String>) -> Double {
    guard let weight = parameters.first(where: { $0.hasPrefix("q=") }) else { return 1 }
    guard let value = Double(weight.dropFirst(2)), (0...1).contains(value) else { return 0 }
    return value
  }
}
