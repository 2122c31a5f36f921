import Testing

@testable import UploadServer

@Suite struct PageStyleTests {
  @Test func `the theme of a style sheet is what it sets for the whole page, in light and dark`() {
    let sheet = """
      :root { --a: #fff; }
      body { color: var(--a); }
      @media (prefers-color-scheme: dark) { :root { --a: #000; } }
      @media (max-width: 10px) { :root { --b: 1px; } p { margin: 0; } }
      a { b: c; }
      """
    #expect(
      PageStyle.theme(of: sheet)
        == ":root { --a: #fff; }\n@media (prefers-color-scheme: dark) { :root { --a: #000; } }\n"
    )
    #expect(PageStyle.theme(of: "a { b: c;") == "" && PageStyle.theme(of: "} {") == "")
  }

  @Test func `every property that the style of listings uses is set by the upload page's, in light and dark`() {
    let style = PageStyle.text
    let themes = style.split(separator: "@media (prefers-color-scheme:dark)", maxSplits: 1)
    #expect(themes.count == 2)
    let used = Set(style.matches(of: /var\((--[a-z-]+)\)/).map { String($0.1) })
    #expect(used.count > 5)
    for name in used {
      for theme in themes { #expect(theme.contains("\(name):#"), "\(name)") }
    }
  }
}
