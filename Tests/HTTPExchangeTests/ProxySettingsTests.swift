import Testing
import UploadCore
import UploadTestSupport

@testable import HTTPExchange

@Suite struct ProxySettingsTests {
  private static let names = [
    "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
  ]

  /// Host and port of the proxy for `url`; nil for none.
  private func proxy(_ environment: [String: String], _ url: String, option: String? = nil) throws -> String? {
    try ProxySettings(option: option, environment: environment).proxy(for: HTTPOrigin(url: url))?.address.host
  }

  /// What an http and an https target use when each of the variables names a proxy of its own, and some are removed.
  @Test(arguments: [
    ([], "http_proxy", "https_proxy"),
    (["http_proxy"], "all_proxy", "https_proxy"),
    (["https_proxy"], "http_proxy", "HTTPS_PROXY"),
    (["https_proxy", "HTTPS_PROXY"], "http_proxy", "all_proxy"),
    (["http_proxy", "all_proxy"], "ALL_PROXY", "https_proxy"),
    (["http_proxy", "all_proxy", "ALL_PROXY"], nil, "https_proxy"),
  ])
  func `the first variable that is set counts, and HTTP_PROXY never`(
    unset: [String],
    http: String?,
    https: String?
  ) throws {
    var environment = Dictionary(uniqueKeysWithValues: Self.names.dropLast(2).map { ($0, "http://\($0):1") })
    for name in unset { environment[name] = unset.first == name ? nil : "" }
    #expect(try proxy(environment, "http://host") == http)
    #expect(try proxy(environment, "https://host") == https)
  }

  @Test func `--proxy replaces the variables of both schemes, but not no_proxy; empty, it turns proxies off`() throws {
    let environment = ["http_proxy": "a", "https_proxy": "b", "no_proxy": "near"]
    #expect(try proxy(environment, "http://host", option: "c") == "c")
    #expect(try proxy(environment, "https://host", option: "c") == "c")
    #expect(try proxy(environment, "https://near", option: "c") == nil)
    #expect(try proxy(environment, "https://host", option: "") == nil)
  }

  @Test func `no_proxy counts before NO_PROXY`() throws {
    #expect(try proxy(["all_proxy": "p", "no_proxy": "a", "NO_PROXY": "b"], "http://b") == "p")
    #expect(try proxy(["all_proxy": "p", "no_proxy": "", "NO_PROXY": "b"], "http://b") == nil)
  }

  /// As with curl: a proxy for loopback targets is unusual, but asked for.
  @Test func `localhost is no exception`() throws {
    #expect(try proxy([:], "http://127.0.0.1:8080", option: "p") == "p")
  }

  @Test func `a malformed variable matters only for targets that need it`() throws {
    let settings = ProxySettings(option: nil, environment: ["https_proxy": "socks5://s", "no_proxy": "near"])
    #expect(try settings.proxy(for: HTTPOrigin(url: "http://host")) == nil)
    #expect(try settings.proxy(for: HTTPOrigin(url: "https://near")) == nil)
    let target = try HTTPOrigin(url: "https://host")
    let error = try #require(UploadError.thrown { () throws(UploadError) in try settings.proxy(for: target) })
    #expect(error.message.contains("https_proxy"))
    #expect(try ProxySettings.none.proxy(for: target) == nil)
  }

  @Test(arguments: [
    ("*", "host", true), ("a, *", "host", true), ("", "host", false), (",. ,", "host", false),
    ("example.com", "example.com", true), ("example.com", "www.EXAMPLE.com", true),
    ("Example.COM", "a.b.example.com", true), ("example.com", "badexample.com", false),
    (".example.com", "example.com", true), (".example.com", "www.example.com", true),
    ("example.com.", "example.com", true), ("example.com", "example.com.", true), ("com", "example.com", true),
    ("a,b  c", "c", true), ("a,b\tc", "b", true), ("www.example.com", "example.com", false),
    ("host:8080", "host", false), ("host:8080", "host:8080", true), ("host:80", "host", true),
    ("localhost", "127.0.0.1", false),
    ("127.0.0.1", "127.0.0.1", true), ("0.0.1", "127.0.0.1", false), ("10.0.0.0/8", "10.1.2.3", true),
    ("10.0.0.0/8", "11.1.2.3", false), ("10.0.0.0/8:80", "10.1.2.3", true), ("10.0.0.0/33", "10.0.0.0", false),
    ("192.168.1.1:443", "192.168.1.1", false), ("::1", "[::1]", true), ("[::1]", "[::1]", true),
    ("[::1]:81", "[::1]", false), ("fd00::/8", "[fd12::1]", true), ("[fd00::]/8", "[fd12::1]", true),
    ("fe80::/10", "[fe80::1%25lo]", true), ("::ffff:10.0.0.0/8", "10.9.9.9", true),
  ])
  func `no_proxy contains domains, addresses and networks, perhaps with a port`(
    list: String,
    host: String,
    isDirect: Bool
  ) throws {
    let used = try proxy(["http_proxy": "p", "no_proxy": list], "http://\(host)")
    #expect((used == nil) == isDirect)
  }
}
