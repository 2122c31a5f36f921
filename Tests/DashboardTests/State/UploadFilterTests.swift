import Testing
import UploadCore
import UploadTestSupport

@testable import Dashboard

/// What the terms of a filter match. How they are read: ``FilterParserTests``.
@Suite struct UploadFilterTests {
  private func matches(_ text: String, _ upload: UploadSnapshot) throws -> Bool {
    try UploadFilter(parsing: text).matches(UploadRecord(upload))
  }

  private let upload = UploadSnapshot.example("Holiday Video.mp4") {
    ($0.sender, $0.remote, $0.mode) = ("Anna Ärmel", "192.168.1.7:5555", .multipart)
    ($0.speed, $0.size, $0.eta) = (900_000, 2_000_000_000, 240)
  }

  @Test(arguments: [
    "", "holiday", "VIDEO holiday", "anna är", "192.168.1.7:5555", "multi", "\"holiday video\"", "name:video",
    "from:192.168.1.7", "from:192.168", "from:192.168.", "from:anna", "from:\"anna ä\"", "mode:multipart", "mode:form",
    "mode:m", "state:receiving", "state:active", "rate<1MB/s", "rate<1MB", "rate>=900kB/s", "rate<=900kB/s",
    "size>1GB", "size>=2GB", "size<=2GB", "left<5min", "left>=4min", "left>0", "-state:stalled", "-from:192.168.1.70",
    "-zip video", "rate>0 size>1GB from:anna",
  ])
  func `a filter matches an upload that meets all of its terms`(text: String) throws {
    #expect(try matches(text, upload))
  }

  @Test(arguments: [
    "holidays", "holiday zip", "\"video holiday\"", "name:anna", "from:192.168.1.70", "to:192.168.1.7",
    "from:192.168.1.7:55", "from:2.168.1.7", "mode:stream", "state:stalled", "state:ended", "rate>1MB/s",
    "rate<=899kB/s", "size<2GB", "size>2GiB", "left<4min", "left>5min", "-holiday", "-state:active", "-from:anna",
    "from:anna -rate>0",
  ])
  func `a filter does not match an upload that does not meet one of its terms`(text: String) throws {
    #expect(try !matches(text, upload))
  }

  @Test func `an IPv6 address is compared without its brackets and port, or with them`() throws {
    let upload = UploadSnapshot.example { $0.remote = "[2001:db8::7]:5555" }
    for text in [
      "from:2001:db8::7", "from:2001:DB8::", "from:2001:db8", "from:[2001:db8::7]:5555", "from:[2001:db8::7]",
    ] {
      #expect(try matches(text, upload), "\(text)")
    }
    for text in ["from:2001:db8::70", "from:2001:db", "from:db8"] { #expect(try !matches(text, upload), "\(text)") }
  }

  @Test func `to compares the server of outgoing uploads, of a host's name any part`() throws {
    let upload = UploadSnapshot.sending { $0.remote = "files.example.org:8080" }
    for text in ["to:example.org", "to:files", "to:example.org:8080"] { #expect(try matches(text, upload), "\(text)") }
    for text in ["from:example.org", "to:example.com"] { #expect(try !matches(text, upload), "\(text)") }
  }

  @Test func `a stalled upload has rate 0 and no time left, an interrupted or queued one no rate`() throws {
    let stalled = upload.stalled(.client, 9)
    #expect(try matches("state:stalled rate<1MB/s", stalled))
    #expect(try !matches("left<5min", stalled) && !matches("left>0", stalled))
    for other in [upload.interrupted(9), .queued("a"), upload.ended(.cancelled)] {
      #expect(try !matches("rate<1MB/s", other) && !matches("rate>=0", other))
      #expect(try matches("-rate<1MB/s", other))
    }
  }

  @Test func `a complete upload has its average rate and its size, also if that was unknown before`() throws {
    let done = UploadSnapshot.example { ($0.size, $0.averageSpeed) = (nil, 3_000_000) }.finished()
    #expect(try matches("rate>2MB/s size>1GB", done))
    #expect(try !matches("size>1GB", .example { $0.size = nil }), "unknown")
    #expect(try !matches("size<1GB", .example { $0.size = nil }), "unknown")
  }

  @Test func `each state has the names that the filter accepts, and no other`() {
    for state in UploadState.allCases {
      for direction in UploadDirection.allCases {
        let names = UploadRecord(.example { ($0.state, $0.direction) = (state, direction) }).stateNames
        #expect(!names.isEmpty && Set(names).isSubset(of: UploadRecord.allStateNames), "\(state)")
      }
    }
  }

  @Test func `queued, retrying, waiting for memory and complete uploads are found by these names`() throws {
    #expect(try matches("state:queued", .queued("a")) && !matches("state:active", .queued("a")))
    let retrying = UploadSnapshot.sending { ($0.state, $0.retryIn) = (.waiting, 3) }
    #expect(try matches("state:retrying", retrying) && matches("state:waiting", retrying))
    #expect(try matches("state:memory", .example { $0.state = .waitingForMemory }))
    #expect(try matches("state:stored", upload.finished()) && !matches("state:sent", upload.finished()))
    #expect(try matches("state:sent state:done state:ended", UploadSnapshot.sending().finished()))
  }

  @Test func `numbers that are NaN or infinite match no wrong comparison`() throws {
    let odd = UploadSnapshot.example { ($0.speed, $0.eta) = (.nan, .infinity) }
    #expect(try !matches("rate>0", odd) && !matches("rate<=0", odd) && matches("left>1h", odd))
  }

  @Test func `the log beside the panes contains the texts of the filter, not its other fields`() throws {
    let filter = try UploadFilter(parsing: "Video state:stalled from:10.0.0.1 -zip rate<1MB/s name:\"a b\"")
    #expect(filter.logTexts == ["video", "10.0.0.1", "a b"])
  }

  @Test(arguments: [
    ("192.0.2.1:4711", "192.0.2.1"), ("[2001:db8::1]:4711", "2001:db8::1"), ("2001:db8::1", "2001:db8::1"),
    ("unknown", "unknown"), ("example.org:80", "example.org"), ("", ""), ("[", "["), ("[]", ""), (":", ""),
    ("[fe80::1%eth0]:80", "fe80::1%eth0"),
  ])
  func `the host of an address has neither port nor brackets`(text: String, host: String) {
    #expect(PeerAddress(text).host == host)
  }
}
