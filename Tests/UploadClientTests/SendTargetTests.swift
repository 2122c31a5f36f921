import HTTPExchange
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

@Suite struct SendTargetTests {
  @Test(arguments: [
    ("http://127.0.0.1:8080", "127.0.0.1", 8080, "127.0.0.1:8080", "127.0.0.1:8080"),
    ("http://127.0.0.1:8080/", "127.0.0.1", 8080, "127.0.0.1:8080", "127.0.0.1:8080"),
    ("HTTP://Example.org", "Example.org", 80, "Example.org:80", "Example.org"),
    ("http://host:", "host", 80, "host:80", "host"),
    ("http://[::1]:99/x", "::1", 99, "[::1]:99", "[::1]:99"),
    ("http://[fe80::1%25eth0]", "fe80::1%eth0", 80, "[fe80::1%eth0]:80", "[fe80::1]"),
    ("http://[fe80::1%eth0]:8080/x", "fe80::1%eth0", 8080, "[fe80::1%eth0]:8080", "[fe80::1]:8080"),
    ("http://[fe80::1%252]", "fe80::1%2", 80, "[fe80::1%2]:80", "[fe80::1]"),
    ("http://[fe80::1%25]", "fe80::1%25", 80, "[fe80::1%25]:80", "[fe80::1]"),
    ("host", "host", 80, "host:80", "host"),
    ("host:8080", "host", 8080, "host:8080", "host:8080"),
    ("127.0.0.1:8080/x", "127.0.0.1", 8080, "127.0.0.1:8080", "127.0.0.1:8080"),
    ("[::1]:99", "::1", 99, "[::1]:99", "[::1]:99"),
    ("http://[::1%25lo]:99", "::1", 99, "[::1]:99", "[::1]:99"),
    ("::1", "::1", 80, "[::1]:80", "[::1]"),
    ("fe80::1%eth0/in/", "fe80::1%eth0", 80, "[fe80::1%eth0]:80", "[fe80::1]"),
  ])
  func `a URL gives the host, the port and the Host field`(
    url: String,
    host: String,
    port: Int,
    authority: String,
    field: String
  ) throws {
    let target = try SendTarget(url)
    #expect(target.host == host)
    #expect(target.port == port)
    #expect(target.authority == authority)
    #expect(target.hostField == field)
  }

  @Test(arguments: [
    ("http://h", UploadMode.stream, "POST", "/stream-upload?name=a%20b%2F%C3%BC.txt"),
    ("http://h/", .stream, "POST", "/stream-upload?name=a%20b%2F%C3%BC.txt"),
    ("http://h/?token=x", .stream, "POST", "/stream-upload?token=x&name=a%20b%2F%C3%BC.txt"),
    ("http://h/", .multipart, "POST", "/file-upload"),
    ("http://h?token=x", .buffered, "POST", "/file-upload?token=x"),
    ("http://h/in/", .stream, "PUT", "/in/a%20b%2F%C3%BC.txt"),
    ("http://h/in/?token=x", .stream, "PUT", "/in/a%20b%2F%C3%BC.txt?token=x"),
    ("http://h/in/", .multipart, "POST", "/in/"),
    ("http://h/api/put", .stream, "POST", "/api/put"),
    ("http://h/api/put?a=b&c=d#part", .multipart, "POST", "/api/put?a=b&c=d"),
    ("http://h/a b/\u{FC}%41", .stream, "POST", "/a%20b/%C3%BC%41"),
    ("h:8080/in/?token=x", .stream, "PUT", "/in/a%20b%2F%C3%BC.txt?token=x"),
  ])
  func `method and request target follow from the URL`(url: String, mode: UploadMode, method: String, uri: String)
    throws
  {
    let request = try SendTarget(url).request(mode: mode, name: "a b/\u{FC}.txt", method: nil)
    #expect(request.method == method)
    #expect(request.uri == uri)
  }

  @Test func `the exact bytes of a name are percent-encoded`() throws {
    let name = NameBytes([0x63, 0x61, 0x66, 0xE9]).losslessText
    #expect(
      try SendTarget("http://h").request(mode: .stream, name: name, method: nil).uri == "/stream-upload?name=caf%E9"
    )
    #expect(try SendTarget("http://h/in/").request(mode: .stream, name: name, method: nil).uri == "/in/caf%E9")
  }

  @Test func `a method of the user replaces that of the URL`() throws {
    #expect(try SendTarget("http://h/in/").request(mode: .stream, name: "a", method: "POST").method == "POST")
    #expect(try SendTarget("http://h/x").request(mode: .stream, name: "a", method: "PUT").method == "PUT")
    #expect(try SendTarget("http://h/").request(mode: .multipart, name: "a", method: "PATCH").method == "PATCH")
  }

  @Test(arguments: [
    "", "/inbox/", ":8080", "8080", "host:port", "http:host", "https:/host", "*:8080", "http://*:8080", "ftp://host",
    "file:///etc/passwd", "http://", "http:///x",
    "http://:80",
    "http://host:0", "http://host:65536", "http://host:-1", "http://host:8o", "http://host:+80", "http://ho st/",
    "http://[::1", "http://[::1]x", "http://[host]", "http://[]", "http://a\u{308}b/", "http://h/a\r\nX: y",
    "http://h/?a\u{0}", "http://host:80:80/", "http://%41/",
    "http://[fe80::1%]", "http://[fe80::1%eth 0]", "http://[fe80::1%eth0/x]", "http://[::zz]", "http://::1:8080:x",
    "http://[127.0.0.1]",
  ])
  func `an invalid URL is rejected`(url: String) throws {
    let error = try #require(UploadError.thrown { () throws(UploadError) in try SendTarget(url) })
    #expect(error.code == .badURL)
    #expect(error.message.contains("http://127.0.0.1:8080"))
    #expect(!error.message.unicodeScalars.contains { $0.value < 0x20 })
  }

  @Test func `https has the default port 443, which the Host field leaves out`() throws {
    let secure = try SendTarget("HTTPS://host/")
    #expect(secure.isSecure && secure.port == 443 && secure.hostField == "host" && secure.origin.trust == .system)
    #expect(try SendTarget("https://host:80/").hostField == "host:80")
    let plain = try SendTarget("http://host:443/")
    #expect(!plain.isSecure && plain.hostField == "host:443")
  }

  @Test func `a URL with a password is rejected, and the error message does not repeat the password`() throws {
    let error = try #require(
      UploadError.thrown { () throws(UploadError) in try SendTarget("http://me:secret@host/") }
    )
    #expect(error.code == .badURL)
    #expect(!error.message.contains("secret"))
    #expect(error.message.contains("Authorization"))
  }
}
