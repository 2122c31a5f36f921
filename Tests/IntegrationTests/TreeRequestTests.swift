import Foundation
import Testing
import UploadCore
import UploadTestSupport

/// Requests with paths of several directories, by real curl.
@Suite(.curl) struct TreeRequestTests {
  @Test(arguments: ["files/a/b/c.bin", "a/b/c.bin"])
  func `PUT stores a file in its directories, also without /files`(target: String) async throws {
    try await withServer { server in
      let path = try server.scratch.write("content".utf8, to: "source")
      let reply = try await Curl.run(["-T", path, "\(server.url)/\(target)"])
      #expect(reply.status == 201, "\(reply)")
      #expect(try server.uploads.read("a/b/c.bin") == Array("content".utf8))
      let url = try #require(try reply.json.files?.first?.url)
      #expect(url.hasSuffix("files/a/b/c.bin"), "\(url)")
      let download = try await Curl.run(["\(server.url)/files/a/b/c.bin"])
      #expect(download.status == 200 && download.body == "content", "\(download)")
    }
  }

  @Test(arguments: ["files", "uploads/x", "metrics", "healthz", "stream-upload/x"])
  func `PUT to a path that begins with an endpoint gets 405 and names /files/`(target: String) async throws {
    try await withServer { server in
      let reply = try await Curl.run(["-T", try server.scratch.write([1], to: "source"), "\(server.url)/\(target)"])
      #expect(reply.isRejection(405), "\(reply)")
      #expect(reply.body.contains("/files/"), "\(reply)")
      #expect(try server.uploads.names() == [])
    }
  }

  @Test func `POST /stream-upload keeps directories with paths=keep only`() async throws {
    try await withServer { server in
      let path = try server.scratch.write("content".utf8, to: "source")
      let post = ["-X", "POST", "-T", path]
      let kept = try await Curl.run(post + ["\(server.url)/stream-upload?name=a/b/c&paths=keep"])
      #expect(kept.status == 201, "\(kept)")
      let dropped = try await Curl.run(post + ["\(server.url)/stream-upload?name=a/b/d"])
      #expect(dropped.status == 201, "\(dropped)")
      #expect(try TreeContents(of: server.uploads.path).paths == ["a", "a/b", "a/b/c", "d"])
    }
  }

  @Test func `a form keeps directories of its file names with paths=keep only`() async throws {
    try await withServer { server in
      let path = try server.scratch.write("content".utf8, to: "source")
      let form = ["-F", "file=@\(path);filename=\"x/y/1.txt\"", "-F", "file=@\(path);filename=\"x/2.txt\""]
      let kept = try await Curl.run(form + ["\(server.url)/file-upload?paths=keep"])
      #expect(kept.status == 201, "\(kept)")
      let dropped = try await Curl.run(form + ["\(server.url)/file-upload"])
      #expect(dropped.status == 201, "\(dropped)")
      #expect(
        try TreeContents(of: server.uploads.path).paths == ["1.txt", "2.txt", "x", "x/2.txt", "x/y", "x/y/1.txt"]
      )
    }
  }

  @Test func `MKCOL makes a directory with its parents once`() async throws {
    try await withServer { server in
      let target = "\(server.url)/files/a/b/"
      let made = try await Curl.run(["-X", "MKCOL", target])
      #expect(made.status == 201, "\(made)")
      let again = try await Curl.run(["-X", "MKCOL", target])
      #expect(again.status == 405, "\(again)")
      #expect(try TreeContents(of: server.uploads.path).entries == ["a": .directory, "a/b": .directory])
    }
  }

  @Test func `X-OC-Mtime sets the modification time, and the response says so`() async throws {
    try await withServer { server in
      let path = try server.scratch.write("content".utf8, to: "source")
      let reply = try await Curl.run(["-i", "-H", "X-OC-Mtime: 1000000000", "-T", path, "\(server.url)/files/a"])
      #expect(reply.body.lowercased().contains("x-oc-mtime: accepted"), "\(reply)")
      #expect(
        try TreeContents(of: server.uploads.path).entries
          == ["a": .file(sha256: Digest.of(Array("content".utf8)), modified: 1_000_000_000)]
      )
    }
  }

  /// Escaped as in a URL.
  private static let hostile = [
    "files/../outside", "files/a/../../outside", "files/a/%2E%2E/%2E%2E/outside", "%2E%2E/outside",
    "files//etc/passwd/..", "files/a/%00/b", "files/a/", "files/" + String(repeating: "d/", count: 33) + "f",
    "files/" + String(repeating: "d/", count: 5000) + "f",
  ]

  @Test(arguments: hostile)
  func `a path that leaves the directory, is too deep or names no file is rejected`(target: String) async throws {
    try await withServer { server in
      let path = try server.scratch.write("content".utf8, to: "source")
      let around = try server.scratch.names()
      // With -T curl adds the name of the file to a path that names none.
      let put = ["--path-as-is", "-X", "PUT", "--data-binary", "@\(path)"]
      let reply = try await Curl.run(put + ["\(server.url)/\(target)"])
      #expect((400..<500).contains(reply.status), "\(reply)")
      #expect(try server.uploads.names() == [])
      #expect(try server.scratch.names() == around)
    }
  }

  @Test func `a file where a directory should be, and the reverse, get 409`() async throws {
    try await withServer { server in
      let path = try server.scratch.write("content".utf8, to: "source")
      #expect(try await Curl.run(["-T", path, "\(server.url)/files/a"]).status == 201)
      let below = try await Curl.run(["-T", path, "\(server.url)/files/a/b"])
      #expect(below.isRejection(409), "\(below)")
      #expect(try await Curl.run(["-X", "MKCOL", "\(server.url)/files/dir/"]).status == 201)
      #expect(try await Curl.run(["-X", "MKCOL", "\(server.url)/files/a/"]).status >= 400)
      #expect(try TreeContents(of: server.uploads.path).paths == ["a", "dir"])
    }
  }

  @Test func `links in the upload directory are not followed`() async throws {
    try await withServer { server in
      try await server.scratch.script("mkdir outside && printf secret > outside/file && ln -s ../outside uploads/link")
      let path = try server.scratch.write("content".utf8, to: "source")
      let put = try await Curl.run(["-T", path, "\(server.url)/files/link/new"])
      #expect((400..<500).contains(put.status), "\(put)")
      let get = try await Curl.run(["\(server.url)/files/link/file"])
      #expect(get.status == 404, "\(get)")
      #expect(try await Curl.run(["\(server.url)/files/link/"]).status == 404)
      #expect(try server.scratch.directoryNames("outside") == ["file"])
    }
  }

  @Test func `a listing has directories and files of one level, as JSON and as a page`() async throws {
    try await withServer { server in
      let path = try server.scratch.write("content".utf8, to: "source")
      for target in ["a/b/1", "a/2"] {
        #expect(try await Curl.run(["-T", path, "\(server.url)/\(target)"]).status == 201)
      }
      let json = try await Curl.run(["-H", "Accept: application/json", "\(server.url)/files/a/"])
      #expect(json.body.contains(#"{"name":"b/","url":"../../files/a/b/","directory":true,"#), "\(json)")
      #expect(json.body.contains(#"{"name":"2","#) && !json.body.contains(#"{"name":"1","#), "\(json)")
      let page = try await Curl.run(["-H", "Accept: text/html", "\(server.url)/files/a/"])
      #expect(page.status == 200 && page.body.contains("b/"), "\(page)")
      #expect(try await Curl.run(["\(server.url)/files/none/"]).status == 404)
    }
  }

  @Test func `format=tar downloads a directory that tar extracts unchanged`() async throws {
    try await withServer { server in
      try await server.scratch.makePhotos()
      let sent = try await Sluice.run(["send", "--to", server.url, "photos"], directory: server.scratch.path)
      #expect(sent.exit == .status(0), "\(sent)")
      let archive = server.scratch.file("photos.tar")
      #expect(try await Curl.run(["-o", archive, "\(server.url)/files/photos/?format=tar"]).status == 200)
      try await server.scratch.script("mkdir extracted && tar -xf photos.tar -C extracted")
      let extracted = try server.scratch.directoryNames("extracted")
      // With the directory's own name, or its content alone.
      let root = server.scratch.file(extracted == ["photos"] ? "extracted/photos" : "extracted")
      #expect(try TreeContents(of: root) == TreeContents(of: server.scratch.file("photos")))
    }
  }
}

extension TemporaryDirectory {
  /// The names in a directory in it, sorted.
  fileprivate func directoryNames(_ name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: file(name)).sorted()
  }
}
