import Foundation
import Testing
import UploadTestSupport

/// Trees of files, by real curl.
@Suite(.curl) struct DirectoryTests {
  private func source(_ server: SluiceServer, _ content: String = "content") throws -> String {
    try server.scratch.write(content.utf8, to: "source")
  }

  /// The paths of all files and directories below the upload directory, hidden ones excepted.
  private func tree(_ server: SluiceServer) throws -> [String] {
    let all = try FileManager.default.subpathsOfDirectory(atPath: server.uploads.path)
    return all.filter { !$0.hasPrefix(".") }.sorted()
  }

  @Test func `files that are PUT with paths become a tree, which is listed and downloaded`() async throws {
    try await withServer { server in
      for (target, content) in [
        ("files/photos/2024/a%20b.jpg", "one"), ("photos/2024/c.jpg", "two"), ("files/photos/d.jpg", "three"),
        ("%C3%BC/%E9", "four"),
      ] {
        let reply = try await Curl.run(["-T", try source(server, content), "\(server.url)/\(target)"])
        #expect(reply.status == 201, "\(target): \(reply)")
      }
      #expect(try server.uploads.read("photos/2024/a b.jpg") == Array("one".utf8))
      #expect(try server.uploads.read("photos/2024/c.jpg") == Array("two".utf8))
      #expect(try server.uploads.read("photos/d.jpg") == Array("three".utf8))
      let listing = try await Curl.run(["\(server.url)/files/photos/"])
      #expect(listing.body.contains(#""name":"2024/","url":"../../files/photos/2024/","directory":true"#), "\(listing)")
      #expect(listing.body.contains(#""name":"d.jpg","url":"../../files/photos/d.jpg","size":5"#), "\(listing)")
      for (path, content) in [("photos/2024/a%20b.jpg", "one"), ("%C3%BC/%E9", "four")] {
        let back = try await Curl.run(["\(server.url)/files/\(path)"])
        #expect(back.status == 200 && back.body == content, "\(back)")
      }
      let redirected = try await Curl.run(["-L", "-H", "Accept: text/html", "\(server.url)/files/photos"])
      #expect(redirected.status == 200)
      #expect(redirected.body.contains("files/photos/2024/\"><bdi>2024/</bdi></a>"), "\(redirected)")
    }
  }

  @Test func `the URL of a stored file is its canonical one`() async throws {
    try await withServer { server in
      let reply = try await Curl.run(["--verbose", "-T", try source(server), "\(server.url)/d/e%20f/g"])
      #expect(reply.isStored("d/e f/g", size: 7), "\(reply)")
      #expect(try reply.json.files?.first?.url == "../../files/d/e%20f/g")
      #expect(reply.errors.lowercased().contains("< location: ../../files/d/e%20f/g"), "\(reply.errors)")
    }
  }

  @Test func `a form keeps the directories of its file names only with paths=keep`() async throws {
    try await withServer { server in
      let parts = [("album/one/a.txt", "1"), ("album/b.txt", "2"), ("c.txt", "3")].map { name, content in
        "--Z\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\(name)\"\r\n\r\n\(content)\r\n"
      }
      let body = try server.scratch.write((parts.joined() + "--Z--\r\n").utf8, to: "body")
      let form = ["-H", "Content-Type: multipart/form-data; boundary=Z", "--data-binary", "@\(body)"]
      let kept = try await Curl.run(form + ["\(server.url)/file-upload?paths=keep"])
      #expect(try kept.json.files?.map(\.name) == ["album/one/a.txt", "album/b.txt", "c.txt"], "\(kept)")
      let flat = try await Curl.run(form + ["\(server.url)/file-upload"])
      #expect(try flat.json.files?.map(\.name) == ["a.txt", "b.txt", "c (2).txt"], "\(flat)")
      #expect(
        try tree(server) == [
          "a.txt", "album", "album/b.txt", "album/one", "album/one/a.txt", "b.txt", "c (2).txt", "c.txt",
        ]
      )
    }
  }

  @Test func `a name in the query keeps its directories only with paths=keep`() async throws {
    try await withServer { server in
      let post = ["-X", "POST", "-T", try source(server)]
      let kept = try await Curl.run(post + ["\(server.url)/stream-upload?name=d/e/f.txt&paths=keep"])
      #expect(kept.isStored("d/e/f.txt", size: 7), "\(kept)")
      let flat = try await Curl.run(post + ["\(server.url)/stream-upload?name=d/e/f.txt"])
      #expect(flat.isStored("f.txt", size: 7), "\(flat)")
    }
  }

  @Test(arguments: [([], 1_700_000_000), (["--no-times"], nil)] as [([String], Double?)])
  func `the modification time that rclone and Nextcloud send is set, unless the server keeps none`(
    options: [String],
    expected: Double?
  ) async throws {
    try await withServer(options) { server in
      let time = ["-H", "X-OC-Mtime: 1700000000.25", "--verbose", "-T", try source(server)]
      let reply = try await Curl.run(time + ["\(server.url)/files/d/a"])
      #expect(reply.status == 201)
      let isAccepted = reply.errors.lowercased().contains("< x-oc-mtime: accepted")
      #expect(isAccepted == (expected != nil), "\(reply.errors)")
      let attributes = try FileManager.default.attributesOfItem(atPath: server.uploads.file("d/a"))
      let modified = try #require(attributes[.modificationDate] as? Date).timeIntervalSince1970
      #expect((modified.rounded(.down) == 1_700_000_000) == (expected != nil), "\(modified)")
    }
  }

  @Test func `MKCOL makes an empty directory with its parents once`() async throws {
    try await withServer { server in
      let mkcol = ["-X", "MKCOL"]
      #expect(try await Curl.run(mkcol + ["\(server.url)/files/a/b%20c/"]).status == 201)
      #expect(try tree(server) == ["a", "a/b c"])
      let again = try await Curl.run(mkcol + ["--verbose", "\(server.url)/files/a/"])
      #expect(again.status == 405 && again.errors.contains("GET, HEAD, MKCOL"), "\(again)")
      let body = try await Curl.run(mkcol + ["--data-binary", "x", "\(server.url)/files/d/"])
      #expect(body.status == 415, "\(body)")
      let outside = try await Curl.run(mkcol + ["--path-as-is", "\(server.url)/files/../d/"])
      #expect(outside.status == 400, "\(outside)")
      #expect(try tree(server) == ["a", "a/b c"])
      let listing = try await Curl.run(["\(server.url)/files/a/b%20c/"])
      #expect(listing.status == 200 && listing.body == "{\"files\":[]}\n")
    }
  }

  @Test func `with --flat no directories are made, listed or served`() async throws {
    try await withServer(["--flat"]) { server in
      let path = try source(server)
      let put = try await Curl.run(["-T", path, "\(server.url)/files/d/a"])
      #expect(put.isStored("a", size: 7), "\(put)")
      let post = try await Curl.run(["-X", "POST", "-T", path, "\(server.url)/stream-upload?name=d/b&paths=keep"])
      #expect(post.isStored("b", size: 7), "\(post)")
      let mkcol = try await Curl.run(["-X", "MKCOL", "\(server.url)/files/d/"])
      #expect(mkcol.isRejection(403) && mkcol.body.contains("--flat"), "\(mkcol)")
      #expect(try tree(server) == ["a", "b"])
      try FileManager.default.createDirectory(atPath: server.uploads.file("other"), withIntermediateDirectories: false)
      try server.uploads.write([1], to: "other/x")
      #expect(try await Curl.run(["\(server.url)/files/other/x"]).status == 404)
      #expect(try await Curl.run(["\(server.url)/files/other/"]).status == 404)
      #expect(try await Curl.run(["\(server.url)/files/"]).body.contains("other") == false)
    }
  }
}

/// Paths from hostile clients.
@Suite(.curl) struct HostilePathTests {
  @Test(arguments: [
    "/../x", "/files/../x", "/files/a/../../x", "/files/%2e%2e/x", "/a/%2E./x", "/files/..", "/a/..",
    "/files/%00/a", "/files/a/%00",
  ])
  func `a path that leads out or has no name gets 400, and nothing is stored`(target: String) async throws {
    try await withServer { server in
      let path = try server.scratch.write([1], to: "source")
      let around = try server.scratch.names()
      // With -T curl adds the name of the file to a path that ends in "..".
      let put = ["--path-as-is", "-X", "PUT", "--data-binary", "@\(path)"]
      let reply = try await Curl.run(put + [server.url + target])
      #expect(reply.isRejection(400), "\(reply)")
      #expect(try server.uploads.names() == [])
      #expect(try server.scratch.names() == around)
    }
  }

  @Test(arguments: [
    ("//x", "x"), ("/a//b", "a/b"), ("/./x", "x"), ("/a/%2e/b", "a/b"), ("/files//etc/x", "etc/x"),
    ("/a/..%2Fb", "a/b"), ("/a%2Fb/c", "b/c"), ("/.sluice-uploads/x", "_.sluice-uploads/x"),
  ])
  func `a path that has to be altered is stored beneath the directory`(target: String, stored: String) async throws {
    try await withServer { server in
      let path = try server.scratch.write([1, 2], to: "source")
      let reply = try await Curl.run(["--path-as-is", "-T", path, server.url + target])
      #expect(reply.isStored(stored, size: 2), "\(reply)")
      #expect(try server.uploads.read(stored) == [1, 2])
    }
  }

  @Test func `an altered path never replaces a file, and a number is given within the directory`() async throws {
    try await withServer(["--on-duplicate", "replace"]) { server in
      let path = try server.scratch.write([1, 2], to: "source")
      #expect(try await Curl.run(["-T", path, "\(server.url)/files/d/a.txt"]).status == 201)
      let same = try await Curl.run(["-T", path, "\(server.url)/d/a.txt"])
      #expect(same.isStored("d/a.txt", size: 2, status: 200), "\(same)")
      let altered = try await Curl.run(["--path-as-is", "-T", path, "\(server.url)/files/d//a.txt"])
      #expect(altered.isStored("d/a (2).txt", size: 2), "\(altered)")
    }
  }

  @Test(arguments: ["files", "uploads", "uploads/a", "metrics/a", "healthz", "stream-upload/a/b", "file-upload"])
  func `a path in the short form that begins with an endpoint gets 405 and the right path`(path: String) async throws {
    try await withServer { server in
      let source = try server.scratch.write([1], to: "source")
      let reply = try await Curl.run(["-T", source, "\(server.url)/\(path)"])
      #expect(reply.isRejection(405) && reply.body.contains("/files/\(path)"), "\(reply)")
      #expect(try server.uploads.names() == [])
      let canonical = try await Curl.run(["-T", source, "\(server.url)/files/\(path)"])
      #expect(canonical.isStored(path, size: 1), "\(canonical)")
    }
  }

  @Test func `a file where a directory should be, and the reverse, get 409`() async throws {
    try await withServer(["--on-duplicate", "error"]) { server in
      let path = try server.scratch.write([1], to: "source")
      #expect(try await Curl.run(["-T", path, "\(server.url)/files/file"]).status == 201)
      #expect(try await Curl.run(["-T", path, "\(server.url)/files/dir/a"]).status == 201)
      let beneath = try await Curl.run(["-T", path, "\(server.url)/files/file/a"])
      #expect(beneath.isRejection(409), "\(beneath)")
      let over = try await Curl.run(["-T", path, "\(server.url)/files/dir"])
      #expect(over.isRejection(409), "\(over)")
      let mkcol = try await Curl.run(["-X", "MKCOL", "\(server.url)/files/file/d/"])
      #expect(mkcol.isRejection(409), "\(mkcol)")
      #expect(try server.uploads.read("file") == [1] && server.uploads.read("dir/a") == [1])
    }
  }

  @Test(arguments: ["file/a", "dir"])
  func `a conflict of a file with a directory gets 409 before a large body is sent`(path: String) async throws {
    try await withServer(["--on-duplicate", "replace"]) { server in
      try await server.uploads.script("printf 1 > file && mkdir dir")
      let large = try server.scratch.random(20 << 20, to: "large")
      let put = ["--expect100-timeout", "60", "-H", "Expect: 100-continue", "-T", large]
      let counted = try await Curl.runAll(put + ["\(server.url)/files/\(path)"], format: "%{http_code} %{size_upload}")
      #expect(counted.last == "409 0", "\(counted)")
      #expect(try server.uploads.names() == ["dir", "file"])
      // Resumable uploads learn it when they are created.
      let creation = ["-X", "PUT", "-H", "Upload-Complete: ?0", "-H", "Content-Length: 0"]
      let created = try await Curl.run(creation + ["\(server.url)/files/\(path)"])
      #expect(created.status == 409, "\(created)")
      // A small body is received, and the connection serves the next request.
      let small = try server.scratch.write([1], to: "small")
      let urls = ["-T", small, "\(server.url)/files/\(path)", "-T", small, "\(server.url)/files/free"]
      let both = try await Curl.runAll(["-H", "Expect:"] + urls, format: "%{http_code} %{num_connects}")
      #expect(both.contains("409 1") && both.contains("201 0"), "\(both)")
    }
  }

  @Test func `32 directories are stored, and more get 400`() async throws {
    try await withServer { server in
      let path = try server.scratch.write([1], to: "source")
      let deep = String(repeating: "d/", count: 32)
      #expect(try await Curl.run(["-T", path, "\(server.url)/files/\(deep)f"]).status == 201)
      #expect(try server.uploads.read("\(deep)f") == [1])
      for count in [33, 5000] {
        let target = "\(server.url)/files/\(String(repeating: "d/", count: count))f"
        let reply = try await Curl.run(["-T", path, target])
        #expect(reply.isRejection(400), "\(count): \(reply)")
      }
    }
  }

  @Test func `names that differ only in their Unicode normalization are two names, and neither replaces the other`()
    async throws
  {
    try await withServer(["--on-duplicate", "replace"]) { server in
      for (content, name) in [("composed", "%C3%A9"), ("decomposed", "e%CC%81")] {
        let path = try server.scratch.write(content.utf8, to: "source")
        #expect(try await Curl.run(["-T", path, "\(server.url)/files/\(name)/\(name)"]).status == 201)
        let back = try await Curl.run(["\(server.url)/files/\(name)/\(name)"])
        #expect(back.body == content)
      }
      #expect(try await Curl.run(["\(server.url)/files/%C3%A9/%C3%A9"]).body == "composed")
    }
  }

  @Test func `names that differ in case alone are what the file system makes of them`() async throws {
    try await withServer { server in
      let path = try server.scratch.write([1], to: "source")
      for name in ["Dir/a", "dir/A"] {
        #expect(try await Curl.run(["-T", path, "\(server.url)/files/\(name)"]).status == 201)
      }
      #expect(try server.uploads.read("Dir/a") == [1] && server.uploads.read("dir/A") == [1])
    }
  }
}
