import Glibc
import NIOPosix
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Which files a server has, by the names under which it stores them: altered, flat and numbered ones.
@Suite(.timeLimit(.minutes(5))) struct ExistingFilesTests {
  /// Runs `body` with a server whose listings say how it stores, and returns the paths that were requested.
  /// - Parameter listings: the entries by path; other paths get 404.
  private func withListings(
    _ listings: [String: String],
    storage: String,
    _ body: (String) async throws -> Void
  ) async throws -> [String] {
    let seen = Mutex<[String]>([])
    try await withServer { peer in
      let request = try peer.readHead()
      seen.withLock { $0.append(request.uri) }
      guard let entries = listings[request.uri] else { return try peer.respond("404 Not Found") }
      try peer.respond("200 OK", #"{"files":["# + entries + "]}", headers: "Sluice-Storage: \(storage)\r\n")
    } _: { server in
      try await body(server.url)
    }
    return seen.withLock { $0 }
  }

  private func existing(_ url: String) throws -> ExistingFiles {
    ExistingFiles(ServerRequest(resources: TestUploads().uploader.resources, target: try SendTarget(url)))
  }

  /// A file with the content `hello` and a time of 7 s.
  private func file(in directory: TemporaryDirectory) throws -> String {
    let path = try directory.write(Array("hello".utf8), to: "f")
    var times = [timeval(tv_sec: 7, tv_usec: 0), timeval(tv_sec: 7, tv_usec: 0)]
    utimes(path, &times)
    return path
  }

  private func source(_ path: String, as remotePath: String?) throws -> UploadSource {
    var status = stat()
    try #require(lstat(path, &status) == 0)
    let stamp = FileStamp(status)
    var source = UploadSource.file(path)
    (source.remotePath, source.size, source.modified) = (remotePath, stamp.size, stamp.modifiedSeconds)
    return source
  }

  private static let time = #""modified":"1970-01-01T00:00:07Z""#
  private static let digest =
    #""sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824""#

  @Test func `a name that the server alters is found under the altered one`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try file(in: directory)
      let listings = [
        "/files/": #"{"url":"newline/","directory":true},{"url":"_.sluice-uploads/","directory":true}"#,
        "/files/newline/": #"{"url":"ab","size":5,\#(Self.time)}"#,
        "/files/_.sluice-uploads/": #"{"url":"x","size":5,\#(Self.time)}"#,
      ]
      _ = try await withListings(listings, storage: "directories=?1, times=?1, numbers=?0") { url in
        let existing = try existing(url)
        for name in ["new\nline/a\u{202E}b", "newline/ab", ".sluice-uploads/x"] {
          let presence = try await existing.presence(of: source(path, as: name))
          #expect(presence == .exists, "\(name)")
        }
        let contains = try await existing.containsDirectory("new\nline")
        #expect(contains)
        let invalid = try await existing.presence(of: source(path, as: "\u{202E}/x"))
        #expect(invalid == .missing, "the server rejects it")
      }
    }
  }

  @Test func `an altered name is found under a number too, another one only where the server numbers`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try file(in: directory)
      let entries =
        #"{"url":"ab","size":9,\#(Self.time)},{"url":"ab%20(2)","size":5,\#(Self.time)}"#
      for (storage, expected) in [("numbers=?1", ExistingFiles.Presence.exists), ("numbers=?0", .missing)] {
        _ = try await withListings(["/files/": entries], storage: storage) { url in
          let existing = try existing(url)
          let plain = try await existing.presence(of: source(path, as: "ab"))
          #expect(plain == expected, "\(storage)")
          let altered = try await existing.presence(of: source(path, as: "a\nb"))
          #expect(altered == .exists)
        }
      }
    }
  }

  @Test func `a server without directories has the last component, perhaps numbered`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try file(in: directory)
      let entries =
        #"{"url":"a.txt","size":9,\#(Self.time)},{"url":"a%20(2).txt","size":5,\#(Self.time)}"#
      let seen = try await withListings(["/files/": entries], storage: "directories=?0, numbers=?0") { url in
        let existing = try existing(url)
        for (name, expected) in [
          ("d/a.txt", ExistingFiles.Presence.exists), ("a.txt", .missing), ("d/b.txt", .missing),
        ] {
          let presence = try await existing.presence(of: source(path, as: name))
          #expect(presence == expected, "\(name)")
        }
        let contains = try await existing.containsDirectory("d")
        #expect(!contains)
      }
      #expect(seen == ["/files/"])
    }
  }

  @Test func `a server without times needs a digest, and the rest is unknown`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try file(in: directory)
      let other = String(repeating: "0", count: 64)
      let entries = [
        #"{"url":"a","size":5,\#(Self.digest),\#(Self.time)}"#, #"{"url":"b","size":5,"sha256":null,\#(Self.time)}"#,
        #"{"url":"b%20(2)","size":5,\#(Self.digest),\#(Self.time)}"#,
        #"{"url":"c","size":5,"sha256":null,\#(Self.time)}"#, #"{"url":"d","size":4,"sha256":null,\#(Self.time)}"#,
        #"{"url":"e","size":5,"sha256":"\#(other)",\#(Self.time)}"#,
      ].joined(separator: ",")
      _ = try await withListings(["/files/": entries], storage: "times=?0, numbers=?1") { url in
        let existing = try existing(url)
        for (name, expected) in [
          ("a", ExistingFiles.Presence.exists), ("b", .exists), ("c", .unknown), ("d", .missing), ("e", .missing),
        ] {
          let presence = try await existing.presence(of: source(path, as: name))
          #expect(presence == expected, "\(name)")
        }
      }
    }
  }

  @Test func `a target below the files has its own listing, and none has files before it exists`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try file(in: directory)
      let entries = #"{"url":"a","size":5,\#(Self.time)}"#
      let seen = try await withListings(
        ["/up/files/": #"{"url":"sub/","directory":true}"#, "/up/files/sub/": entries],
        storage: "directories=?1"
      ) { url in
        let sub = try existing(url + "/up/files/sub/")
        let found = try await sub.presence(of: source(path, as: nil))
        #expect(found == .missing, "its name is f")
        let inTree = try await sub.presence(of: source(path, as: "a"))
        #expect(inTree == .exists)
        let missing = try existing(url + "/up/files/new/er/")
        let presence = try await missing.presence(of: source(path, as: "a"))
        #expect(presence == .missing)
      }
      #expect(seen == ["/up/files/sub/", "/up/files/new/er/", "/up/files/new/", "/up/files/"])
    }
  }

  @Test func `a target below the files of a server without directories is its only listing`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try file(in: directory)
      let entries = #"{"url":"a","size":5,\#(Self.time)}"#
      _ = try await withListings(["/files/": entries], storage: "directories=?0") { url in
        let presence = try await existing(url + "/files/sub/").presence(of: source(path, as: "a"))
        #expect(presence == .exists)
      }
    }
  }

  @Test func `a path outside of the files that does not exist is an error`() async throws {
    _ = try await withListings(["/": ""], storage: "directories=?1") { url in
      let error = await #expect(throws: UploadError.self) { try await existing(url + "/inbox/").checkAccess() }
      #expect(error?.message.contains("no listing") == true)
    }
  }

  @Test func `the feed reports files that cannot be compared and sends them, with their digests`() async throws {
    try await withTemporaryDirectory { directory in
      mkdir(directory.file("t"), 0o700)
      try directory.write([1], to: "t/a")
      let listings = [
        "/files/": #"{"url":"t/","directory":true}"#, "/files/t/": #"{"url":"a","size":1,"sha256":null}"#,
      ]
      let unknown = Mutex<[String]>([])
      _ = try await withListings(listings, storage: "times=?0") { url in
        let feed = try await TestUploads().uploader.feed(
          [.directory(directory.file("t"))],
          rules: TreeRules(),
          to: try SendTarget(url),
          skipsExisting: true
        ) { event in
          if case .unknown(let source) = event { unknown.withLock { $0.append(source.name) } }
        }
        var names: [String] = []
        for await source in feed.sources { names.append(source.name) }
        #expect(names == ["t/a"] && feed.needsDigests)
      }
      #expect(unknown.withLock { $0 } == ["t/a"])
      let fields = TestUploads().uploader.askingForDigests.resources.configuration.headers
      #expect(fields.map(\.name) == ["Want-Repr-Digest"])
    }
  }
}
