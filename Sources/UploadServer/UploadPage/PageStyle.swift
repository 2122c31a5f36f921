import UploadCore

/// The style of the pages without scripts: listings, receipts and errors. They have the colors and the font of the upload
/// page, which only that page's style states.
enum PageStyle {
  /// What is between the tags of the `style` element.
  static let text =
    theme(of: PageSource(PackageResources.page_css, .css).served)
    + PageSource(PackageResources.listing_css, .css).served

  /// The value of `Content-Security-Policy` for a page with this style.
  static let policy = ContentSecurityPolicy.policy(style: text)

  /// The rules of a style sheet that set custom properties for the whole page, in light and dark: those for `:root`, and
  /// those within a query for the color scheme.
  /// - Parameter sheet: without comments.
  static func theme(of sheet: String) -> String {
    rules(of: sheet).filter { $0.hasPrefix(":root") || $0.hasPrefix("@media (prefers-color-scheme") }.joined()
  }

  /// The rules of a style sheet, those within others as a part of these. Each has a line end.
  private static func rules(of sheet: String) -> [String] {
    var (rules, rule, depth) = ([String](), "", 0)
    for character in sheet {
      rule.append(character)
      if character == "{" { depth += 1 }
      guard character == "}" else { continue }
      depth -= 1
      guard depth == 0 else { continue }
      rules.append(rule.trimmingWhitespace + "\n")
      rule = ""
    }
    return rules
  }
}
