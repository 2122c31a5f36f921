import Foundation
import Testing
import UploadTestSupport

/// What the server reports of a stored file: its URL, its size and its digest.
@Suite(.curl) struct StoredFileTests {
  /// What another program does to a stored file.
  enum Change: String, CaseIterable, Sendable {
    /// Other content of the same size.
    case written = #"printf behind >"$0""#
    /// Another file takes the name.
    case renamedOver = #"printf behind >other && mv other "$0""#
    /// One byte more, and the time of before.
    case appended = #"cp -p "$0" reference && printf x >>"$0" && touch -r reference "$0""#
  }

  @Test(arguments: Change.allCases)
  func `after another program changes a stored file no response has its digest`(change: Change) async throws {
    try await withServer(["--digest", "sha256"]) { server in
      let path = try server.scratch.write("before".utf8, to: "source")
      let digest = try Digest.ofFile(path)
      let put = try await Curl.run(["--verbose", "-T", path, "\(server.url)/x"])
      #expect(try put.json.files?.first?.sha256 == digest)
      let field = try #require(put.field("Repr-Digest"))
      let file = ["--verbose", "-o", "/dev/null", "\(server.url)/files/x"]
      for options in [[], ["--head"], ["-r", "0-1"]] {
        #expect(try await Curl.run(options + file).field("Repr-Digest") == field, "\(options)")
      }
      #expect(try await Curl.run(["\(server.url)/files/"]).body.contains(#""sha256":"\#(digest)""#))

      let changed = try await ProcessRunner.run(
        "sh",
        ["-c", change.rawValue, server.uploads.file("x")],
        directory: server.scratch.path
      )
      #expect(changed.exit == .status(0), "\(changed)")
      for options in [[], ["--head"], ["-r", "0-1"]] {
        let reply = try await Curl.run(options + file)
        #expect(reply.status == (options.contains("-r") ? 206 : 200), "\(options): \(reply)")
        #expect(reply.field("ETag") != nil && reply.field("Repr-Digest") == nil, "\(options): \(reply.errors)")
      }
      let listing = try await Curl.run(["\(server.url)/files/"]).body
      #expect(listing.contains(#""name":"x""#) && listing.contains(#""sha256":null"#), "\(listing)")
      #expect(!listing.contains(digest), "\(listing)")
    }
  }

  @Test func `an upload that replaces a file changed on disk has its own digest`() async throws {
    try await withServer(["--digest", "sha256", "--on-duplicate", "replace"]) { server in
      let first = try server.scratch.write("before".utf8, to: "first")
      let second = try server.scratch.write("second".utf8, to: "second")
      #expect(try await Curl.run(["-T", first, "\(server.url)/x"]).status == 201)
      try server.uploads.write("behind".utf8, to: "x")
      #expect(try await Curl.run(["-T", second, "\(server.url)/x"]).status == 200)
      let digest = try Digest.ofFile(second)
      let listing = try await Curl.run(["\(server.url)/files/"]).body
      #expect(listing.contains(#""sha256":"\#(digest)""#), "\(listing)")
    }
  }

  /// A request that stores a file, and the URL that the response has, relative to that of the request.
  struct Storing: Sendable {
    let target: String
    let location: String
    var isForm = false
    var isPost = false
  }

  @Test(arguments: [
    Storing(target: "/v.txt", location: "./files/v.txt"),
    Storing(target: "/a%20b.txt", location: "./files/a%20b.txt"),
    Storing(target: "/a/b/v.txt", location: "../../files/a/b/v.txt"),
    Storing(target: "/stream-upload?name=q%3F%23%2B.txt", location: "./files/q%3F%23%2B.txt", isPost: true),
    Storing(target: "/file-upload", location: "./files/in%20form.txt", isForm: true),
  ])
  func `Location and url lead to the stored file, relative to the request's URL`(storing: Storing) async throws {
    try await withServer { server in
      let path = try server.scratch.write("content".utf8, to: "source")
      let request = server.url + storing.target
      let upload = storing.isForm ? ["-F", "file=@\(path);filename=in form.txt"] : ["-T", path]
      let method = storing.isPost ? ["-X", "POST"] : []
      let reply = try await Curl.run(["--verbose"] + method + upload + [request])
      #expect(reply.status == 201, "\(reply)")
      #expect(reply.field("Location") == storing.location)
      #expect(try reply.json.files?.map(\.url) == [storing.location])
      let url = try #require(URL(string: storing.location, relativeTo: URL(string: request))).absoluteString
      let download = try await Curl.run([url])
      #expect(download.status == 200 && download.body == "content", "\(url): \(download)")
    }
  }

  @Test func `Location and url contain the final name, and a form of two files has no Location`() async throws {
    try await withServer { server in
      let path = try server.scratch.write("content".utf8, to: "source")
      for location in ["./files/v.txt", "./files/v%20%282%29.txt"] {
        let reply = try await Curl.run(["--verbose", "-T", path, "\(server.url)/v.txt"])
        #expect(reply.status == 201, "\(reply)")
        #expect(reply.field("Location") == location)
        #expect(try reply.json.files?.map(\.url) == [location])
      }
      let form = try await Curl.run([
        "--verbose", "-F", "a=@\(path);filename=a", "-F", "b=@\(path);filename=b", "\(server.url)/file-upload",
      ])
      #expect(form.status == 201 && form.field("Location") == nil, "\(form)")
      #expect(try form.json.files?.map(\.url) == ["./files/a", "./files/b"])
    }
  }

  @Test(arguments: [("bytes=0-9", 206), ("bytes=-5", 206), ("bytes=990-", 206), ("bytes=1000-", 416)])
  func `a range applies to GET, and HEAD ignores it`(range: String, status: Int) async throws {
    try await withServer { server in
      let path = try server.scratch.random(1000, to: "source")
      #expect(try await Curl.run(["-T", path, "\(server.url)/f"]).status == 201)
      let options = ["--verbose", "-o", "/dev/null", "-H", "Range: \(range)", "\(server.url)/files/f"]
      let get = try await Curl.run(options)
      #expect(get.status == status && get.field("Content-Range") != nil, "\(get)")
      let head = try await Curl.run(["--head"] + options)
      #expect(head.status == 200, "\(head)")
      #expect(head.field("Content-Length") == "1000" && head.field("Content-Range") == nil, "\(head)")
      #expect(head.field("Accept-Ranges") == "bytes")
    }
  }
}
