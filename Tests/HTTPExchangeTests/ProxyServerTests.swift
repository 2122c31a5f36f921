import Testing
import UploadCore
import UploadTestSupport

@testable import HTTPExchange

@Suite struct ProxyServerTests {
  @Test(arguments: [
    ("http://proxy:3128", "proxy:3128", false), ("proxy:3128/", "proxy:3128", false), ("proxy", "proxy:1080", false),
    ("HTTP://10.0.0.1:80/x?y#z", "10.0.0.1:80", false), ("https://proxy", "proxy:443", true),
    ("http://[fd00::1]:8080", "[fd00::1]:8080", false), ("http://user:secret@proxy:3128", "proxy:3128", false),
  ])
  func `a proxy's URL has a host, perhaps a scheme and a port`(url: String, shown: String, isSecure: Bool) throws {
    let proxy = try ProxyServer(url, source: "http_proxy")
    #expect(proxy.address.text == shown)
    #expect("\(proxy)" == shown)
    #expect(proxy.isSecure == isSecure)
  }

  @Test(arguments: [
    ("http://Aladdin:open%20sesame@proxy:1", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
    // Everything up to the last @; only the first colon ends the user name.
    ("user:p@ss:w@proxy:1", "Basic dXNlcjpwQHNzOnc="), ("user@proxy:1", "Basic dXNlcjo="),
    ("http://%C3%A4:%25%40@proxy:1", "Basic w6Q6JUA="),
  ])
  func `user name and password are percent-decoded`(url: String, value: String) throws {
    #expect(try ProxyServer(url, source: "http_proxy").authorization == value)
  }

  @Test(arguments: [
    ("socks5h://user:secret@proxy:1080", "SOCKS"), ("SOCKS4://proxy", "SOCKS"), ("ftp://secret@proxy", "neither http"),
    ("http://user:secret@", "no valid host"), ("http://user:secret@proxy:0", "no valid host"),
    ("http://user:secret/x@proxy:1", "no valid host"), ("http://user:secret@pro xy", "no valid host"),
    ("http://u:secret%zz@proxy:1", "hexadecimal"), ("", "no valid host"), ("://", "neither http"),
  ])
  func `a URL that cannot be used is rejected with its origin, and is not shown`(url: String, reason: String) throws {
    let error = try #require(UploadError.thrown { () throws(UploadError) in try ProxyServer(url, source: "all_proxy") })
    #expect(error.code == .badURL)
    #expect(error.message.contains(reason), "\(error.message)")
    #expect(error.message.contains("all_proxy"))
    #expect(!error.message.contains("secret"))
  }
}
