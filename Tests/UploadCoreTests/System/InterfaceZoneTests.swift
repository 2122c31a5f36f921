import Testing
import UploadCore

@Suite struct InterfaceZoneTests {
  @Test(arguments: [("eth0", "eth0"), ("25eth0", "eth0"), ("252", "2"), ("25", "25"), ("2", "2"), ("", "")])
  func `a zone is read without the 25 of an encoded percent sign`(text: String, zone: String) {
    #expect(InterfaceZone.decoded(text) == zone)
  }

  @Test func `only link-local IPv6 addresses have a zone`() {
    for address in ["fe80::1", "FE80::1", "febf::1"] { #expect(InterfaceZone.belongs(to: address)) }
    for address in ["::1", "fec0::1", "2001:db8::1", "ff02::1", "127.0.0.1", "fe80"] {
      #expect(!InterfaceZone.belongs(to: address))
    }
  }

  @Test func `the loopback interface exists, by name and by number`() {
    #expect(InterfaceZone.exists("lo"))
    #expect(InterfaceZone.exists("1"))
    #expect(InterfaceZone.names.contains("lo"))
    for zone in ["", "nosuch0", "0", "4294967296", "-1"] { #expect(!InterfaceZone.exists(zone)) }
  }
}
