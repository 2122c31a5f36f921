import Testing

@testable import HTTPExchange

@Suite struct HTTPOriginTests {
  @Test(arguments: [
    ("http://host", "host", 80, "host:80", "host"), ("https://host", "host", 443, "host:443", "host"),
    ("https://host:80", "host", 80, "host:80", "host:80"), ("http://host:", "host", 80, "host:80", "host"),
    ("http://[fd00::1]:81", "fd00::1", 81, "[fd00::1]:81", "[fd00::1]:81"),
    ("http://[fe80::1%25eth0]", "fe80::1%eth0", 80, "[fe80::1%eth0]:80", "[fe80::1]"),
  ])
  func `an origin has a host, a port and a Host field`(
    url: String,
    host: String,
    port: Int,
    authority: String,
    field: String
  ) throws {
    let origin = try HTTPOrigin(url: url)
    #expect(origin.address == HostAndPort(host: host, port: port))
    #expect(origin.authority == authority)
    #expect(origin.hostField == field)
    #expect("\(origin.scheme)://" == url.prefix(origin.scheme.count + 3))
  }

  @Test(arguments: ["", ":80", "host:0", "host:65536", "host:8o", "ho st", "[::1", "[::1]x", "[host]", "a/b", "%41"])
  func `a malformed host or port is an error`(authority: String) {
    #expect(throws: MalformedAuthority.self) { try HostAndPort.parse(authority[...]) }
  }

  @Test func `a user name or a password is an error of its own`() {
    #expect(throws: MalformedAuthority.credentials) { try HostAndPort.parse("me:secret@host") }
  }
}
