import Foundation
import Testing
import UploadTestSupport

/// Listings of many files, and of clients that do not read them.
@Suite(.curl) struct ListingTests {
  private struct Listing: Decodable {
    struct File: Decodable {
      var name: String
    }

    var files: [File]
  }

  private func fill(_ server: SluiceServer, _ count: Int) throws {
    for number in 0..<count { try server.uploads.write([1], to: Self.name(number)) }
  }

  private static func name(_ number: Int) -> String { "a file with a name of usual length, number \(number).txt" }

  @Test(arguments: ["/files/", "/files"])
  func `100 listings of 5000 files that no client reads use less than 40 MiB`(target: String) async throws {
    try await withServer { server in
      try fill(server, 5000)
      #expect(try await Curl.run(["-o", server.scratch.file("first"), server.url + target]).status == 200)
      let before = try server.residentBytes
      var readers: [Socket] = []
      for _ in 0..<100 {
        let reader = try Socket(port: server.port)
        try await reader.send(RequestHead.bytes("GET", target))
        readers.append(reader)
      }
      for reader in readers { #expect(!(try await reader.receiveSome()).isEmpty) }
      let path = try server.scratch.random(4 << 20, to: "source")
      #expect(try await Curl.run(["-T", path, "\(server.url)/new"]).status == 201)
      let grown = try server.residentBytes - before
      // Half a megabyte each, if they were rendered as a whole.
      #expect(grown < 40 << 20, "\(grown) bytes for \(readers.count) listings")
      // With another one than they share.
      let listing = try await Curl.run(["\(server.url)/files/"])
      #expect(listing.body.contains(#"{"files":[{"name":"new","url":"../files/new","size":4194304,"#))
    }
  }

  @Test func `listings of 10,000 files are complete, and their memory is returned`() async throws {
    try await withServer(["--memory-budget", "4MiB", "--interval", "50ms"]) { server in
      let count = 10_000
      try fill(server, count)
      let before = try server.residentBytes
      let path = server.scratch.file("listing")
      for _ in 0..<3 { #expect(try await Curl.run(["-o", path, "\(server.url)/files/"]).status == 200) }
      let listing = try JSONDecoder().decode(Listing.self, from: Data(contentsOf: URL(filePath: path)))
      #expect(listing.files.count == count)
      #expect(Set(listing.files.map(\.name)) == Set((0..<count).map(Self.name)))
      let page = try await Curl.run(["-H", "Accept: text/html", "\(server.url)/files/"])
      #expect(page.body.hasSuffix("</html>\n"))
      #expect(page.body.split(separator: "<tr><td>").count == count + 1)
      try await eventually("the memory to be returned") { try server.residentBytes - before < 12 << 20 }
    }
  }

  @Test func `a listing that needs too much of the memory budget gets 503`() async throws {
    try await withServer(["--memory-budget", "4MiB"]) { server in
      // Each of 255 bytes.
      for number in 0..<13_000 {
        try server.uploads.write([], to: "\(number)".padding(toLength: 255, withPad: "x", startingAt: 0))
      }
      let reply = try await Curl.run(["\(server.url)/files/"])
      #expect(reply.isRejection(503), "\(reply)")
      #expect(reply.body.contains("--memory-budget"))
      #expect(try await Curl.run(["-T", server.scratch.write([1], to: "a"), "\(server.url)/a"]).status == 201)
    }
  }

  @Test func `an HTTP/1.0 client receives a complete listing`() async throws {
    try await withServer { server in
      try fill(server, 3)
      let reply = try await Curl.run(["--http1.0", "\(server.url)/files/"])
      let listing = try JSONDecoder().decode(Listing.self, from: Data(reply.body.utf8))
      #expect(listing.files.count == 3)
    }
  }
}
