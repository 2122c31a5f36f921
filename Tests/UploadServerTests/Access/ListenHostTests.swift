import Testing
import UploadCore

@testable import UploadServer

@Suite struct ListenHostTests {
  @Test(arguments: [
    ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("0", "0.0.0.0"), ("127.1", "127.0.0.1"), ("::1", "::1"),
    ("[::1]", "::1"), ("::", "::"), ("[::]", "::"), ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ("localhost", "localhost"), ("files.example", "files.example"), ("my_host-2", "my_host-2"),
    ("fe80::1%lo", "fe80::1%lo"), ("[fe80::1%25lo]", "fe80::1%lo"), ("fe80::1%1", "fe80::1%1"),
    ("::1%lo", "::1"),
  ])
  func `host names, addresses and their short forms are normalized as the resolver reads them`(
    text: String,
    host: String
  ) throws {
    #expect(try ListenHost.normalized(text) == host)
  }

  @Test func `an asterisk is normalized to a wildcard address`() throws {
    #expect(ListenHost.isWildcard(try ListenHost.normalized("*")))
  }

  @Test(arguments: [
    ("", "is empty"), ("http://127.0.0.1:8080", "is a URL"), ("127.0.0.1:8080", "--port"), ("[::1]:8080", "--port"),
    ("host:80", "--port"), ("::zz", "not an IPv6 address"), ("1:2:3", "not an IPv6 address"),
    ("[host]", "between [ and ]"),
    ("[::1", "[::1"), ("*:8080", "--port"), ("8080", "--port"), ("a b", "neither"), ("a/b", "neither"),
    ("fe80::1%nosuch0", "no network interface"), ("fe80::1%", "no network interface"), ("\u{1B}[31m", "neither"),
  ])
  func `a text that cannot be an address is rejected with a reason`(text: String, reason: String) throws {
    let error = try #require(throws: UploadError.self) { try ListenHost.normalized(text) }
    #expect(error.code == .badValue)
    #expect(error.message.contains("--host") && error.message.contains(reason), "\(error.message)")
    #expect(!error.message.contains("\u{1B}"))
  }

  @Test func `a loopback address with a zone counts as loopback, a link-local one does not`() {
    #expect(LoopbackName.contains("::1%lo"))
    #expect(!LoopbackName.contains("fe80::1%lo"))
    #expect(SelfSignedCertificate.names(host: "::1%lo").contains { "\($0)".contains("localhost") })
  }
}
