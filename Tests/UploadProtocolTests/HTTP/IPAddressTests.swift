import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct IPAddressTests {
  @Test(arguments: [
    ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false), ("127.0.0.1", "127.0.0.1", true),
    ("127.0.0.1", "127.0.0.2", false), ("192.168.4.0/22", "192.168.7.255", true),
    ("192.168.4.0/22", "192.168.8.0", false), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false),
    ("2001:db8::/33", "2001:db8:7fff::1", true), ("2001:db8::/33", "2001:db8:8000::1", false),
    ("10.0.0.0/8", "::ffff:10.1.2.3", true),
  ])
  func `a range contains the addresses that share its leading bits`(range: String, address: String, holds: Bool) throws
  {
    #expect(try AddressRange(parsing: range).contains(#require(IPAddress(address))) == holds)
  }

  @Test(arguments: ["", "/", "localhost", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::1/129", "1.2.3", "1.2.3.4/8/9"])
  func `a malformed range is rejected`(text: String) {
    #expect(throws: UploadError.self) { try AddressRange(parsing: text) }
  }

  @Test func `addresses are written in their canonical form, and malformed ones are rejected`() throws {
    #expect(IPAddress("2001:DB8:0:0:0:0:0:1")?.text == "2001:db8::1")
    #expect(IPAddress("::ffff:1.2.3.4")?.text == "1.2.3.4")
    #expect(IPAddress(String(repeating: "1", count: 10_000)) == nil)
    #expect(IPAddress("1.2.3.4:80") == nil)
  }
}
