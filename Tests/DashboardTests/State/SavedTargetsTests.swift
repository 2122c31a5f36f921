import Testing

@testable import Dashboard

struct SavedTargetsTests {
  private func targets(_ texts: String...) -> SavedTargets {
    SavedTargets(
      texts.map { text in
        let parts = text.split(separator: "=").map(String.init)
        return parts.count == 2 ? SavedTarget(url: parts[1], name: parts[0]) : SavedTarget(url: text)
      }
    )
  }

  @Test func `a target that is used becomes the first and keeps its name`() {
    var list = targets("http://a", "nas=http://b", "http://c")
    list.apply(.used("http://b"))
    #expect(list == targets("nas=http://b", "http://a", "http://c"))
    list.apply(.used("http://new"))
    #expect(list.entries.first == SavedTarget(url: "http://new"))
  }

  @Test func `the last ten targets are kept, and those with a name beyond them`() {
    var list = targets("nas=http://nas")
    for number in 0..<30 { list.apply(.used("http://h\(number)")) }
    #expect(list.entries.map(\.url) == (20..<30).reversed().map { "http://h\($0)" } + ["http://nas"])
    list.apply(.named("http://nas", nil))
    #expect(list.entries.count == SavedTargets.mostRecent)
    #expect(!list.entries.contains { $0.url == "http://nas" })
  }

  @Test func `at most fifty targets have names`() {
    var list = SavedTargets()
    for number in 0..<60 { list.apply(.named("http://h\(number)", "n\(number)")) }
    #expect(list.entries.count == SavedTargets.mostNamed && !list.hasRoomForName)
  }

  @Test func `a name belongs to one target, whatever the case of its letters`() {
    var list = targets("NAS=http://a", "http://b")
    #expect(list[name: "nas"]?.url == "http://a")
    list.apply(.named("http://b", "nas"))
    #expect(list == targets("http://a", "nas=http://b"))
    list.apply(.named("http://b", "box"))
    #expect(list[name: "nas"] == nil && list[name: "box"]?.url == "http://b")
    list.apply(.named("http://b", nil))
    #expect(list == targets("http://a", "http://b"))
    list.apply(.named("http://c", nil))
    #expect(list == targets("http://a", "http://b"), "nothing to remove")
  }

  @Test func `of entries with the same URL or name the first counts`() {
    #expect(targets("a=http://x", "b=http://x", "A=http://y") == targets("a=http://x", "http://y"))
  }

  @Test func `a URL has the name of the target it means, but not one with a query`() {
    let list = targets("nas=http://nas:8080")
    #expect(list.name(of: "nas:8080") == "nas" && list.name(of: " HTTP://NAS:8080/ ") == "nas")
    #expect(list.name(of: "http://nas:8080/?token=x") == nil && list.name(of: "http://nas:8081") == nil)
  }

  @Test(
    arguments: [
      ("host:8080", "http://host:8080"), ("HTTP://Host/", "http://host"), ("https://h/In/", "https://h/In/"),
      ("http://h/a?token=secret", "http://h/a"), ("http://h/#t=secret", "http://h"), ("h?access_token=x", "http://h"),
      (" http://h ", "http://h"), ("http://[fe80::1%25eth0]:80/x", "http://[fe80::1%25eth0]:80/x"),
      ("http://user:pass@h/", nil), ("user@h", nil), ("ftp://h", nil), ("", nil), ("http://", nil), ("?token=x", nil),
      ("http://h/\u{202E}x", nil), ("http://h/\u{1B}[31m", nil),
      ("http://h/" + String(repeating: "x", count: 3000), nil),
    ] as [(String, String?)]
  )
  func `a URL is stored without user, query and fragment`(text: String, stored: String?) {
    #expect(TargetText.stored(text) == stored)
    // What is stored remains as it is.
    if let stored { #expect(TargetText.stored(stored) == stored) }
  }

  @Test(arguments: [
    ("nas", true), ("Büro NAS 2", true), ("漢字", true), ("", false), (" ", false), (" x", false), ("a/b", false),
    ("http://h", false), ("h:80", false), ("a?b", false), ("a#b", false), ("u@h", false), ("[::1]", false),
    ("a\u{202E}b", false), ("a\u{1B}b", false), (String(repeating: "x", count: 40), true),
    (String(repeating: "x", count: 41), false), ("a" + String(repeating: "\u{301}", count: 500), false),
  ])
  func `a name is no address, short and visible`(name: String, isValid: Bool) {
    #expect((TargetText.nameProblem(name) == nil) == isValid)
  }
}
