import Foundation
import Testing
import UploadCore
import UploadTestSupport

/// Names from strangers: nothing is ever stored outside the directory, and what is stored has a harmless name.
@Suite(.curl) struct NameTests {
  private static let long = String(repeating: "n", count: 300)

  /// Escaped as in a URL, and what the file is called then.
  private static let names = [
    ("..%2Fx", "x"), ("..%5Cx", #"..\x"#), ("%2Fetc%2Fx", "x"), ("C%3A%5Cdir%5Cx.txt", #"C:\dir\x.txt"#),
    ("a%00b", "ab"),
    ("%1B%5B31mred%07", "[31mred"), ("a%0D%0AX-Y:%20z", "aX-Y: z"), ("%E2%80%AEgnp.exe", "gnp.exe"),
    ("a%E2%80%8Bb%EF%BB%BF", "ab"), ("a%C2%9Bb", "ab"), (".hidden", ".hidden"), ("%20", " "), ("...", "..."),
    ("a%2Fb%2Fc", "c"), ("dev-disk-by%5Cx2dlabel.swap", #"dev-disk-by\x2dlabel.swap"#),
    ("%D9%86%D9%85%DB%8C%E2%80%8C%D8%AE.pdf", "نمی\u{200C}خ.pdf"), ("%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80", "👩\u{200D}🚀"),
    (".sluice-1.part", "_.sluice-1.part"), ("100%25", "100%"),
    (long + ".tar.gz", String(repeating: "n", count: 248) + ".tar.gz"),
    (long, String(repeating: "n", count: 255)),
  ]

  @Test(arguments: names)
  func `a name in the path is decoded and sanitized`(escaped: String, stored: String) async throws {
    try await withServer { server in
      try await isStored(stored, by: ["-T", try source(server), "\(server.url)/\(escaped)"], server)
    }
  }

  @Test(arguments: names)
  func `a name in the query is decoded and sanitized`(escaped: String, stored: String) async throws {
    try await withServer { server in
      let target = "\(server.url)/stream-upload?name=\(escaped)"
      try await isStored(stored, by: ["-X", "POST", "-T", try source(server), target], server)
    }
  }

  @Test(arguments: [("/../../x", "x"), ("/a/../x", "x"), ("//x", "x"), ("/a/b/x", "x"), ("/./x", "x")])
  func `with --flat a path of several components stores the file under the last`(
    target: String,
    stored: String
  ) async throws {
    try await withServer(["--flat"]) { server in
      try await isStored(stored, by: ["--path-as-is", "-T", try source(server), server.url + target], server)
    }
  }

  @Test(arguments: [
    (#"../x"#, "x"), (#"..\\x"#, #"..\\x"#), (#"\\server\share\x.txt"#, "x.txt"), (#"/etc/x"#, "x"),
    ("=?utf-8?B?w6QvYi50eHQ=?=", "b.txt"), ("=?utf-8?B?w6Qg8J+Yii50eHQ=?=", "ä 😊.txt"), (#"C:\dir\x.txt"#, "x.txt"),
    ("a\u{1B}[31m", "a[31m"),
    ("\u{202E}gnp.exe", "gnp.exe"), (#"say \"hi\".txt"#, #"say "hi".txt"#), ("%22.txt", "\".txt"),
    ("%41.txt", "%41.txt"),
    ("über.txt", "über.txt"), (long, String(long.prefix(255))),
  ])
  func `a name in a form is decoded and sanitized`(name: String, stored: String) async throws {
    try await withServer { server in
      let part = "--Z\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\(name)\"\r\n\r\ncontent\r\n--Z--\r\n"
      let body = try server.scratch.write(part.utf8, to: "body")
      let type = "Content-Type: multipart/form-data; boundary=Z"
      try await isStored(stored, by: ["-H", type, "--data-binary", "@\(body)", "\(server.url)/file-upload"], server)
    }
  }

  @Test func `in a form of .NET or PowerShell 7 the file name is that of filename*`() async throws {
    try await withServer { server in
      let disposition = #"form-data; name=file; filename="=?utf-8?B?w6QvYi50eHQ=?="; filename*=utf-8''%C3%A4%20b.txt"#
      let part = "--Z\r\nContent-Disposition: \(disposition)\r\n\r\ncontent\r\n--Z--\r\n"
      let body = try server.scratch.write(part.utf8, to: "body")
      let type = "Content-Type: multipart/form-data; boundary=\"Z\""
      try await isStored("ä b.txt", by: ["-H", type, "--data-binary", "@\(body)", "\(server.url)/file-upload"], server)
    }
  }

  @Test func `names that are not UTF-8 are stored, listed and downloaded byte for byte`() async throws {
    try await withServer { server in
      let path = try source(server)
      let latin = NameBytes("caf".utf8 + [0xE9])
      // By PUT, in a form, and by another program.
      let put = try await Curl.run(["-T", path, "\(server.url)/caf%E9"])
      #expect(put.isStored(#"caf\xE9"#, size: 7), "\(put)")
      let again = try await Curl.run(["-X", "POST", "-T", path, "\(server.url)/stream-upload?name=caf%E9"])
      #expect(again.isStored(#"caf\xE9 (2)"#, size: 7), "\(again)")
      let part =
        Array("--Z\r\nContent-Disposition: form-data; name=\"a\"; filename=\"".utf8) + [0xFC]
        + Array(".txt\"\r\n\r\ncontent\r\n--Z--\r\n".utf8)
      let body = try server.scratch.write(part, to: "body")
      let type = "Content-Type: multipart/form-data; boundary=Z"
      let form = try await Curl.run(["-H", type, "--data-binary", "@\(body)", "\(server.url)/file-upload"])
      #expect(form.isStored(#"\xFC.txt"#, size: 7), "\(form)")
      let foreign = NameBytes(Array(server.uploads.path.utf8) + Array("/".utf8) + [0xFF, 0x27])
      let descriptor = foreign.withCString { open($0, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600) }
      try #require(descriptor >= 0)
      close(descriptor)
      let stored = Set(DirectoryNames.read(descriptor: open(server.uploads.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)))
      #expect(
        stored == [
          latin, NameBytes(latin.bytes + " (2)".utf8), NameBytes([0xFC] + ".txt".utf8), NameBytes([0xFF, 0x27]),
        ]
      )

      let listing = try await Curl.run(["\(server.url)/files/"])
      for (name, url) in [(#"caf\\xE9"#, "caf%E9"), (#"\\xFC.txt"#, "%FC.txt"), (#"\\xFF'"#, "%FF%27")] {
        #expect(listing.body.contains(#""name":"\#(name)""#), "\(listing.body)")
        #expect(listing.body.contains(#""url":"../files/\#(url)""#), "\(listing.body)")
      }
      let page = try await Curl.run(["-H", "Accept: text/html", "\(server.url)/files/"])
      #expect(page.body.contains("files/caf%E9\""))
      for name in ["caf%E9", "caf%E9%20%282%29", "%FC.txt"] {
        let download = try await Curl.run(["\(server.url)/files/\(name)"])
        #expect(download.status == 200 && download.body == "content", "\(name): \(download)")
      }
      #expect(try await Curl.run(["\(server.url)/files/caf%EF%BF%BD"]).status == 404)
      // A byte that is not escaped is lost before it gets here.
      let target = "PUT /caf".utf8 + [0xE9] + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".utf8
      let socket = try Socket(port: server.port)
      try await socket.send(target)
      socket.finish()
      #expect(HTTPResponse.parse(try await socket.receive()).map(\.status) == [400])
    }
  }

  @Test(arguments: ["%2E", "%00", "a%2F", "%2E%2E", "%E2%80%AE"])
  func `an unusable name gets 400 from PUT and a generated name from POST`(escaped: String) async throws {
    try await withServer { server in
      let path = try source(server)
      let put = try await Curl.run(["--path-as-is", "-T", path, "\(server.url)/\(escaped)"])
      #expect(put.isRejection(400), "\(put)")
      #expect(try server.uploads.names() == [])
      let post = try await Curl.run(["-X", "POST", "-T", path, "\(server.url)/stream-upload?name=\(escaped)"])
      #expect(post.status == 201)
      let name = try #require(try post.json.files?.first?.name)
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
