import HTTPTypes
import Testing
import UploadTestSupport

@testable import UploadServer

@Suite struct SessionCookieTests {
  private let cookie = SessionCookie()
  private let scope = SessionCookie.Scope(baseURL: "http://localhost:8080")
  private let now: Int64 = 1_795_824_000

  /// The name and value of a cookie, as a browser returns it.
  private func pair(_ role: AccessRole = .owner, port: Int? = 8080, _ cookie: SessionCookie? = nil) -> String {
    let field = (cookie ?? self.cookie).field(for: role, port: port, scope, at: now)
    return String(field.prefix { $0 != ";" })
  }

  private func role(_ values: String..., port: Int? = 8080, at time: Int64? = nil) -> AccessRole? {
    var fields = HTTPFields()
    for value in values { fields.append(HTTPField(name: .cookie, value: value)) }
    return cookie.role(in: fields, port: port, at: time ?? now)
  }

  @Test(arguments: AccessRole.allCases) func `a cookie is valid for 12 hours, for its role`(role: AccessRole) {
    let pair = pair(role)
    #expect(self.role(pair) == role)
    #expect(self.role(pair, at: now + 12 * 3600 - 1) == role)
    #expect(self.role(pair, at: now + 12 * 3600) == nil)
  }

  @Test func `the cookie is for this server's files alone, and no script may read it`() {
    let field = cookie.field(for: .owner, port: 8080, scope, at: now)
    #expect(field.hasPrefix("sluice-8080=owner.\(now + 12 * 3600)."))
    #expect(field.hasSuffix("; HttpOnly; SameSite=Strict; Path=/files"))
  }

  @Test(arguments: [
    ("http://h:8080", "/files", false), ("https://h", "/files", true), ("HTTPS://h/up", "/up/files", true),
    ("http://h/a/b", "/a/b/files", false), ("http://[::1]:80/up", "/up/files", false), ("", "/files", false),
    ("https://h/a;b", "/", true),
  ])
  func `path and Secure follow the URL that clients use`(url: String, path: String, isSecure: Bool) {
    let scope = SessionCookie.Scope(baseURL: url)
    #expect(scope.path == path)
    #expect(scope.isSecure == isSecure)
    #expect(cookie.field(for: .owner, port: 1, scope, at: now).hasSuffix("; Secure") == isSecure)
  }

  @Test func `the cookie is found among others, in one field or several`() {
    #expect(role("a=b; \(pair());c=d") == .owner)
    #expect(role("a=b", "c=d; " + pair()) == .owner)
    #expect(role("sluice-8080=old; " + pair()) == .owner, "one of the same name for another path")
    #expect(role("sluice-8080=;;;=; =; " + pair()) == .owner)
  }

  @Test func `a cookie of another port or another process is ignored`() {
    #expect(role(pair(port: 8081)) == nil)
    #expect(role(pair(), port: 8081) == nil)
    #expect(role(pair(port: nil)) == nil)
    #expect(role(pair(port: nil), port: nil) == .owner)
    #expect(role(pair(.owner, SessionCookie())) == nil)
  }

  @Test func `a changed or malformed value is ignored`() {
    let value = pair()
    let code = String(value.split(separator: ".").last ?? "")
    let expires = now + 12 * 3600
    for text in [
      "", "sluice-8080", "sluice-8080=", "sluice-8080=owner", "sluice-8080=owner.\(expires)",
      "sluice-8080=owner.\(expires).", "sluice-8080=owner.\(expires + 1).\(code)", "sluice-8080=.\(expires).\(code)",
      "sluice-8080=admin.\(expires).\(code)", "sluice-8080=owner.99999999999999999999.\(code)",
      "sluice-8080=owner.-1.\(code)", value + "0", value + ".x", String(value.dropLast()), String(value.dropLast(2)),
      value.replacing("owner", with: "visitor"), "x" + value, "sluice-8080 =" + value.dropFirst(12),
      "sluice-8080=\"\(value.dropFirst(12))\"", "sluice-8080=owner.\(expires).ü",
    ] {
      #expect(role(text) == nil, "\(text)")
    }
    #expect(role(pair(.visitor).replacing("visitor", with: "owner")) == nil)
  }

  @Test func `only the first four cookies of the name are checked`() {
    let wrong = Array(repeating: "sluice-8080=x", count: 4)
    #expect(role((wrong.dropLast() + [pair()]).joined(separator: "; ")) == .owner)
    #expect(role((wrong + [pair()]).joined(separator: "; ")) == nil)
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func `random cookies are ignored`(seed: UInt64) {
    let parts = [
      "sluice-8080", "=", ".", ";", " ", "owner", "visitor", "\(now + 9)", "-", "0", "ff", "\u{1}", "ü", "\"",
    ]
    var generator = SplitMix64(seed: seed)
    for _ in 0..<2000 {
      let count = Int.random(in: 0...20, using: &generator)
      let text = (0..<count).map { _ in parts.randomElement(using: &generator) ?? "" }.joined()
      #expect(role("sluice-8080=" + text) == nil, "\(text)")
    }
  }
}
