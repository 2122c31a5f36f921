import Crypto
import NIOCore
import UploadCore
import UploadProtocol

/// The page at `/`: a form, of which a script makes an application. The script needs a server that keeps unfinished uploads;
/// without one the page is the form alone. It is assembled once from the sources in this folder,
/// which the compiler embeds in the program, and is the same for all clients: it contains no data of others.
///
/// The sources have placeholders: `{{style}}` and `{{script}}`; `{{greeting}}`, `{{limits}}` and `{{sender}}`, which are
/// empty where there is nothing to say; and `{{action}}`, the URL that the form is sent to, which depends on the request.
struct UploadPage: Sendable {
  /// The files that the page is made of.
  struct Sources: Sendable {
    var html: PageSource
    var style: PageSource
    /// In the order in which they are run, in one scope.
    var scripts: [PageSource]
  }

  /// Identifies the page's content. The same for every ``body(action:)``, since URLs with other queries are other
  /// resources.
  let tag: EntityTag
  /// When it was assembled, in seconds since 1970.
  let modified: Int64
  /// The value of `Content-Security-Policy`.
  let policy: String
  /// The text between the places of the action, in UTF-8. All responses share it.
  private let parts: [ByteBuffer]

  /// - Parameters:
  ///   - profile: whose greeting, limits and fields are shown.
  ///   - modified: the current time in seconds since 1970.
  init(_ profile: ServerProfile, sources: Sources = .shipped, modified: Int64) {
    let filled = PageTemplate(sources.html.served).filled([
      "style": sources.style.served,
      "script": sources.script,
      "greeting": Self.greeting(profile.page.greeting),
      "limits": MarkupText.escaped(profile.limits ?? ""),
      "sender": profile.page.asksName ? Self.senderField : "",
    ])
    // A placeholder without a value may leave an empty line.
    let text = filled.split(separator: "\n").joined(separator: "\n") + "\n"
    tag = EntityTag(String(Hexadecimal.text(SHA256.hash(data: Array(text.utf8))).prefix(16)))
    policy = ContentSecurityPolicy.policy(
      script: Self.content(of: "script", in: text),
      style: Self.content(of: "style", in: text)
    )
    parts = text.split(separator: "{{action}}", omittingEmptySubsequences: false).map { ByteBuffer(substring: $0) }
    self.modified = modified
  }

  /// The page as it is sent, in chunks.
  /// - Parameter action: the URL that the form is sent to, as it stands in HTML.
  func body(action: String) -> [ByteBuffer] {
    let action = ByteBuffer(string: action)
    return Array(parts.map { [$0] }.joined(separator: [action]))
  }

  /// What is between the tags of the first element of this name; empty where there is none.
  private static func content(of element: String, in page: String) -> String {
    guard let start = page.firstRange(of: "<\(element)>")?.upperBound,
      let end = page[start...].firstRange(of: "</\(element)>")?.lowerBound
    else { return "" }
    return String(page[start..<end])
  }

  private static func greeting(_ text: String?) -> String {
    guard let text else { return "" }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { MarkupText.escaped(String($0)) }
    return "<p id=\"greeting\">\(lines.joined(separator: "<br>"))</p>"
  }

  private static let senderField =
    "<label for=\"sender-name\">Your name</label><input id=\"sender-name\" name=\"sender\" maxlength=\"100\" autocomplete=\"name\">"
}

extension UploadPage.Sources {
  /// Those that are shipped with the program.
  static let shipped = UploadPage.Sources(
    html: PageSource(PackageResources.page_html, .html),
    style: PageSource(PackageResources.page_css, .css),
    scripts: [
      PackageResources.format_js, PackageResources.settings_js, PackageResources.request_js, PackageResources.files_js,
      PackageResources.queue_js, PackageResources.upload_js, PackageResources.rows_js, PackageResources.view_js,
      PackageResources.main_js,
    ].map { PageSource($0, .javaScript) }
  )

  /// All scripts in one function, which keeps their names out of the global scope.
  var script: String { "(() => {\n\"use strict\";\n\(scripts.map(\.served).joined())})();\n" }
}
