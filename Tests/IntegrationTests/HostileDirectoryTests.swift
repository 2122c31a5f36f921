import Foundation
import Testing
import UploadTestSupport

/// An upload directory that other users can write to, and requests that try to leave it.
@Suite(.curl) struct HostileDirectoryTests {
  @Test func `downloads by links, pipes and encoded paths outside the directory get 404 or 400`() async throws {
    try await withServer { server in
      try server.scratch.write("secret".utf8, to: "outside")
      let manager = FileManager.default
      try manager.createSymbolicLink(atPath: server.uploads.file("link"), withDestinationPath: "../outside")
      try manager.createSymbolicLink(
        atPath: server.uploads.file("absolute"),
        withDestinationPath: server.scratch.file("outside")
      )
      try manager.createSymbolicLink(atPath: server.uploads.file("up"), withDestinationPath: "..")
      try manager.createDirectory(atPath: server.uploads.file("folder"), withIntermediateDirectories: false)
      try manager.createSymbolicLink(atPath: server.uploads.file("folder/up"), withDestinationPath: "../..")
      #expect(mkfifo(server.uploads.file("pipe"), 0o600) == 0)
      for target in [
        "link", "absolute", "up", "up/outside", "up%2Foutside", "up/", "folder/up/outside", "pipe", "../outside",
        "..%2Foutside",
        "%2e%2e/outside", "%2e%2e%2foutside", "..%5Coutside", "%2Fetc%2Fpasswd", "/etc/passwd", "//etc/passwd",
        "folder/../../outside", "outside%00", "link%00.txt", ".", "..", "%2e", "%2e%2e", ".sluice-1.part",
      ] {
        let reply = try await Curl.run(["--path-as-is", "\(server.url)/files/\(target)"])
        #expect(reply.status == 404 || reply.status == 400, "\(target): \(reply)")
        #expect(!reply.body.contains("secret") && !reply.body.contains("root:"), "\(target)")
      }
      let listing = try await Curl.run(["\(server.url)/files/"])
      #expect(!listing.body.contains("link") && !listing.body.contains("absolute") && !listing.body.contains("pipe"))
    }
  }

  @Test(arguments: ["rename", "replace"])
  func `a form's file under a symbolic link's name does not change the link's target`(policy: String) async throws {
    try await withServer(["--on-duplicate", policy]) { server in
      try server.scratch.write("before".utf8, to: "outside")
      try FileManager.default.createSymbolicLink(atPath: server.uploads.file("x"), withDestinationPath: "../outside")
      let path = try server.scratch.random(2_000_000, to: "source")
      let reply = try await Curl.run(["-F", "a=@\(path);filename=x", "\(server.url)/file-upload"])
      #expect(reply.status == 201)
      #expect(try server.scratch.read("outside") == Array("before".utf8))
      try server.expect(policy == "replace" ? "x" : "x (2)", equals: path)
    }
  }

  @Test func `control and bidi characters of names and types are in no event and on no page`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(10, to: "f")
      let name = "%1B%5D0%3Bpwned%07%C2%9B31m%E2%80%AEx"
      #expect(try await Curl.run(["-T", path, "\(server.url)/\(name)"]).status == 201)
      _ = try await Curl.run(["-H", "Content-Type: text/\u{9B}31m", "-T", path, "\(server.url)/b"])
      try await server.events { $0.event == "finished" }
      let page = try await Curl.run(["-H", "Accept: text/html", "\(server.url)/files/"])
      for text in [server.process.output, page.body, page.errors] {
        #expect(!text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x9B || $0.value == 0x202E })
      }
    }
  }
}
