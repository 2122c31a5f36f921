import Foundation
import Testing
import UploadTestSupport

/// Names from strangers: nothing is ever stored outside the directory, and what is stored has a harmless name.
@Suite(.curl) struct NameTests {
  private static let long = String(repeating: "n", count: 300)

  /// Escaped as in a URL, and what the file is called then.
  private static let names = [
    ("..%2Fx", "x"), ("..%5Cx", "x"), ("%2Fetc%2Fx", "x"), ("C%3A%5Cdir%5Cx.txt", "x.txt"), ("a%00b", "ab"),
    ("%1B%5B31mred%07", "[31mred"), ("a%0D%0AX-Y:%20z", "aX-Y: z"), ("%E2%80%AEgnp.exe", "gnp.exe"),
    ("a%E2%80%8Bb%EF%BB%BF", "ab"), ("a%C2%9Bb", "ab"), (".hidden", ".hidden"), ("%20", " "), ("...", "..."),
    ("a%2Fb%2Fc", "c"), ("%FFx", "\u{FFFD}x"), (".sluice-1.part", "_.sluice-1.part"), ("100%25", "100%"),
    (long + ".tar.gz", String(repeating: "n", count: 248) + ".tar.gz"),
    (long, String(repeating: "n", count: 255)),
  ]

  @Test(arguments: names) func inAPath(escaped: String, stored: String) async throws {
    try await withServer { server in
      try await isStored(stored, by: ["-T", try source(server), "\(server.url)/\(escaped)"], server)
    }
  }

  @Test(arguments: names) func inAQuery(escaped: String, stored: String) async throws {
    try await withServer { server in
      let target = "\(server.url)/stream-upload?name=\(escaped)"
      try await isStored(stored, by: ["-X", "POST", "-T", try source(server), target], server)
    }
  }

  @Test(arguments: [("/../../x", "x"), ("/a/../x", "x"), ("//x", "x"), ("/a/b/x", "x"), ("/./x", "x")])
  func inAPathThatClimbs(target: String, stored: String) async throws {
    try await withServer { server in
      try await isStored(stored, by: ["--path-as-is", "-T", try source(server), server.url + target], server)
    }
  }

  @Test(arguments: [
    (#"../x"#, "x"), (#"..\\x"#, "x"), (#"/etc/x"#, "x"), (#"C:\dir\x.txt"#, "x.txt"), ("a\u{1B}[31m", "a[31m"),
    ("\u{202E}gnp.exe", "gnp.exe"), (#"say \"hi\".txt"#, #"say "hi".txt"#), ("%22.txt", "\".txt"),
    ("%41.txt", "%41.txt"),
    ("über.txt", "über.txt"), (long, String(long.prefix(255))),
  ])
  func inAForm(name: String, stored: String) async throws {
    try await withServer { server in
      let part = "--Z\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\(name)\"\r\n\r\ncontent\r\n--Z--\r\n"
      let body = try server.scratch.write(part.utf8, to: "body")
      let type = "Content-Type: multipart/form-data; boundary=Z"
      try await isStored(stored, by: ["-H", type, "--data-binary", "@\(body)", "\(server.url)/file-upload"], server)
    }
  }

  @Test(arguments: ["%2E", "%00", "a%2F", "%2E%2E", "%E2%80%AE"])
  func aNameOfWhichNothingIsLeftIsMadeUpOrRefused(escaped: String) async throws {
    try await withServer { server in
      let path = try source(server)
      let put = try await Curl.run(["--path-as-is", "-T", path, "\(server.url)/\(escaped)"])
      #expect(put.isRefusal(400), "\(put)")
      #expect(try server.uploads.names() == [])
      let post = try await Curl.run(["-X", "POST", "-T", path, "\(server.url)/stream-upload?name=\(escaped)"])
      #expect(post.status == 201)
      let name = try #require(try post.answer.files?.first?.name)
      #expect(!name.isEmpty && name != "." && name != ".." && !name.contains("/"))
      #expect(try server.uploads.names() == [name])
    }
  }

  private func source(_ server: SluiceServer) throws -> String {
    try server.scratch.write("content".utf8, to: "source")
  }

  private func isStored(_ name: String, by arguments: [String], _ server: SluiceServer) async throws {
    let around = try server.scratch.names()
    let reply = try await Curl.run(arguments)
    #expect(reply.isStored(name, size: 7), "\(reply)")
    #expect(try server.uploads.names() == [name])
    #expect(try server.uploads.read(name) == Array("content".utf8))
    // Only curl's own body file may have come beside the directory.
    #expect(try server.scratch.names() == around)
    let finished = try await server.events { $0.event == "finished" }
    #expect(finished.map(\.path) == [name])
  }
}
