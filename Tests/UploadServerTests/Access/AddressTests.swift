import NIOCore
import Testing
import UploadCore

@testable import UploadServer

@Suite struct AddressTests {
  @Test func `all IPv6 addresses in one network of 64 bits count as one client`() throws {
    let one = ClientAddress(try SocketAddress(ipAddress: "2001:db8::1", port: 5))
    let two = ClientAddress(try SocketAddress(ipAddress: "2001:db8::ffff:2", port: 6))
    let other = ClientAddress(try SocketAddress(ipAddress: "2001:db8:0:1::1", port: 5))
    #expect(one.text == "[2001:db8::1]:5")
    #expect(one.key == two.key)
    #expect(one.key != other.key)
    #expect(ClientAddress(try SocketAddress(ipAddress: "1.2.3.4", port: 5)).key == "1.2.3.4")
    #expect(ClientAddress(nil).text == "unknown")
  }

  @Test(arguments: [
    ("localhost", true), ("LOCALHOST", true), ("127.0.0.1", true), ("127.8.9.1", true), ("::1", true),
    ("0.0.0.0", false), ("::", false), ("127.0.0.1.example", false), ("10.0.0.1", false), ("localhost.example", false),
  ])
  func `only localhost and loopback addresses are loopback names`(host: String, isLoopback: Bool) {
    #expect(LoopbackName.contains(host) == isLoopback)
  }
}
