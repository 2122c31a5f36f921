import NIOCore
import Testing

@testable import UploadServer

@Suite struct ReachableHostTests {
  private func host(_ host: String, _ addresses: String...) throws -> String {
    try hosts(host, addresses).best
  }

  private func hosts(_ host: String, _ addresses: [String]) throws -> (best: String, others: [String]) {
    ReachableHost.hosts(for: host, addresses: try addresses.map { try SocketAddress(ipAddress: $0, port: 0) })
  }

  @Test func `a host that is no wildcard is shown unchanged`() throws {
    #expect(try host("127.0.0.1", "192.168.1.7") == "127.0.0.1")
    #expect(try host("files.example", "192.168.1.7") == "files.example")
  }

  @Test func `for a wildcard an address is shown that other machines can reach, IPv4 if there is one`() throws {
    #expect(try host("0.0.0.0", "127.0.0.1", "169.254.3.4", "::1", "192.168.1.7", "10.0.0.2") == "192.168.1.7")
    #expect(try host("::", "::1", "fe80::1", "2001:db8::7") == "2001:db8::7")
    #expect(try host("::", "2001:db8::7", "192.168.1.7") == "192.168.1.7")
  }

  @Test(arguments: ["::0", "0:0:0:0:0:0:0:0", "0.0.0.0"])
  func `a wildcard is replaced in its IPv4 form and in long and short forms of IPv6`(wildcard: String) throws {
    #expect(try host(wildcard, "192.168.1.7") == "192.168.1.7")
  }

  @Test func `for a wildcard all addresses that other machines can reach follow, each once, IPv4 first`() throws {
    let all = ["127.0.0.1", "2001:db8::7", "10.0.0.2", "fe80::1", "::1", "192.168.1.7", "10.0.0.2", "169.254.3.4"]
    let both = try hosts("::", all)
    #expect(both.best == "10.0.0.2" && both.others == ["192.168.1.7", "2001:db8::7"])
    let version4 = try hosts("0.0.0.0", all)
    #expect(version4.best == "10.0.0.2" && version4.others == ["192.168.1.7"])
    #expect(try hosts("127.0.0.1", all).others.isEmpty && hosts("::", ["::1"]).others.isEmpty)
  }

  @Test func `a server for IPv4 is not shown under an IPv6 address`() throws {
    #expect(try host("0.0.0.0", "2001:db8::7") == "127.0.0.1")
  }

  @Test func `without a network the loopback address is shown`() throws {
    #expect(try host("0.0.0.0", "127.0.0.1") == "127.0.0.1")
    #expect(try host("::", "::1") == "::1")
    #expect(ReachableHost.addresses.contains { $0.ipAddress == "127.0.0.1" })
  }
}
