import Foundation
import Testing
import UploadTestSupport

/// What `--on-duplicate replace` never replaces: a file whose precondition fails, and a file whose name an
/// upload has only because its own had to be changed.
@Suite(.curl) struct ReplaceTests {
  private static let replace = ["--on-duplicate", "replace"]

  /// The ways to upload a file under a name.
  enum Way: CaseIterable, Sendable {
    case path, query, form

    /// Options of a server that drops the directories of this name: by default it keeps those of a path alone.
    func options(droppingDirectoriesOf name: String) -> [String] {
      self == .path && name.contains("/") ? ["--flat"] : []
    }

    /// Arguments of curl that upload the file at `path`.
    /// - Parameter name: as it stands in a URL.
    func arguments(_ path: String, as name: String, to server: SluiceServer) -> [String] {
      switch self {
      case .path: ["-T", path, "\(server.url)/\(name)"]
      case .query: ["-X", "POST", "-T", path, "\(server.url)/stream-upload?name=\(name)"]
      case .form: ["-F", "file=@\(path);filename=\(name)", "\(server.url)/file-upload"]
      }
    }
  }

  /// Two requested names that become one, and the final names of their files.
  struct Collision: Sendable {
    let first: String
    let second: String
    let stored: String
    let numbered: String
  }

  private static let long = String(repeating: "n", count: 300)
  private static let collisions = [
    Collision(
      first: long + "a",
      second: long + "b",
      stored: String(long.prefix(255)),
      numbered: String(long.prefix(251)) + " (2)"
    ),
    Collision(
      first: long + "a.txt",
      second: long + "b.txt",
      stored: String(long.prefix(251)) + ".txt",
      numbered: String(long.prefix(247)) + " (2).txt"
    ),
    Collision(first: "a/index.html", second: "b/index.html", stored: "index.html", numbered: "index (2).html"),
  ]

  @Test(arguments: Way.allCases, collisions)
  func `--on-duplicate replace stores all files of equal sanitized names`(way: Way, names: Collision) async throws {
    try await withServer(Self.replace + way.options(droppingDirectoriesOf: names.first)) { server in
      let paths = try ["first", "second", "first again"].map { try server.scratch.write($0.utf8, to: $0) }
      let first = try await Curl.run(way.arguments(paths[0], as: names.first, to: server))
      #expect(first.isStored(names.stored, size: 5), "\(first)")
      let second = try await Curl.run(way.arguments(paths[1], as: names.second, to: server))
      #expect(second.isStored(names.numbered, size: 6), "\(second)")
      // Whether it is the same file as before is not known either.
      let again = try await Curl.run(way.arguments(paths[2], as: names.first, to: server))
      #expect(again.status == 201, "\(again)")
      #expect(try server.uploads.names().count == 3)
      #expect(try server.uploads.read(names.stored) == Array("first".utf8))
      #expect(try server.uploads.read(names.numbered) == Array("second".utf8))
    }
  }

  @Test(arguments: Way.allCases, collisions)
  func `--on-duplicate error rejects the second of equal sanitized names`(way: Way, names: Collision) async throws {
    let options = ["--on-duplicate", "error"] + way.options(droppingDirectoriesOf: names.first)
    try await withServer(options) { server in
      let paths = try ["first", "second"].map { try server.scratch.write($0.utf8, to: $0) }
      let first = try await Curl.run(way.arguments(paths[0], as: names.first, to: server))
      #expect(first.isStored(names.stored, size: 5), "\(first)")
      let second = try await Curl.run(way.arguments(paths[1], as: names.second, to: server))
      #expect(second.isRejection(409), "\(second)")
      #expect(try server.uploads.names() == [names.stored])
      #expect(try server.uploads.read(names.stored) == Array("first".utf8))
    }
  }

  @Test(arguments: collisions)
  func `files of one form with equal sanitized names are both stored`(names: Collision) async throws {
    try await withServer(Self.replace) { server in
      let paths = try ["first", "second"].map { try server.scratch.write($0.utf8, to: $0) }
      let form = try await Curl.run([
        "-F", "a=@\(paths[0]);filename=\(names.first)", "-F", "b=@\(paths[1]);filename=\(names.second)",
        "\(server.url)/file-upload",
      ])
      #expect(try form.json.files?.map(\.name) == [names.stored, names.numbered], "\(form)")
      #expect(try server.uploads.read(names.stored) == Array("first".utf8))
      #expect(try server.uploads.read(names.numbered) == Array("second".utf8))
    }
  }

  @Test(arguments: Way.allCases)
  func `an upload whose name was sanitized replaces no file, one with an unchanged name does`(way: Way) async throws {
    try await withServer(Self.replace + way.options(droppingDirectoriesOf: "a/index.html")) { server in
      let paths = try ["old", "flattened", "new"].map { try server.scratch.write($0.utf8, to: $0) }
      #expect(try await Curl.run(["-T", paths[0], "\(server.url)/index.html"]).status == 201)
      let flattened = try await Curl.run(way.arguments(paths[1], as: "a/index.html", to: server))
      #expect(flattened.isStored("index (2).html", size: 9), "\(flattened)")
      #expect(try server.uploads.read("index.html") == Array("old".utf8))
      let kept = try await Curl.run(way.arguments(paths[2], as: "index.html", to: server))
      #expect(try kept.json.files?.map(\.name) == ["index.html"], "\(kept)")
      #expect(try server.uploads.names() == ["index (2).html", "index.html"])
      #expect(try server.uploads.read("index.html") == Array("new".utf8))
      #expect(try server.uploads.read("index (2).html") == Array("flattened".utf8))
    }
  }

  // MARK: Preconditions (RFC 9110 section 13)

  private static let past = "Sun, 06 Nov 1994 08:49:37 GMT"

  @Test(arguments: Way.allCases)
  func `an upload with a failed precondition replaces nothing`(way: Way) async throws {
    try await withServer(Self.replace) { server in
      let old = try server.scratch.write("old".utf8, to: "old")
      let new = try server.scratch.write("new content".utf8, to: "new")
      #expect(try await Curl.run(["-T", old, "\(server.url)/x"]).status == 201)
      let tag = try await server.entityTag(of: "x")
      for condition in [
        "If-Match: \"nope\"", "If-None-Match: *", "If-None-Match: \(tag)", "If-Unmodified-Since: \(Self.past)",
      ] {
        let reply = try await Curl.run(["-H", condition] + way.arguments(new, as: "x", to: server))
        #expect(reply.isRejection(412), "\(condition): \(reply)")
        #expect(try server.uploads.names() == ["x"])
        #expect(try server.uploads.read("x") == Array("old".utf8), "\(condition)")
      }
      #expect(try await server.entityTag(of: "x") == tag)
      let replaced = try await Curl.run(["-H", "If-Match: \(tag)"] + way.arguments(new, as: "x", to: server))
      #expect(try replaced.json.files?.map(\.name) == ["x"], "\(replaced)")
      #expect(try server.uploads.names() == ["x"])
      #expect(try server.uploads.read("x") == Array("new content".utf8))
    }
  }

  @Test func `a form with one failed precondition stores none of its files`() async throws {
    try await withServer(Self.replace) { server in
      let old = try server.scratch.write("old".utf8, to: "old")
      let new = try server.scratch.write("new content".utf8, to: "new")
      #expect(try await Curl.run(["-T", old, "\(server.url)/x"]).status == 201)
      for condition in ["If-None-Match: *", "If-Unmodified-Since: \(Self.past)"] {
        let form = try await Curl.run([
          "-H", condition, "-F", "a=@\(new);filename=fresh", "-F", "b=@\(new);filename=x", "\(server.url)/file-upload",
        ])
        #expect(form.isRejection(412), "\(condition): \(form)")
        #expect(try server.uploads.names() == ["x"])
        #expect(try server.uploads.read("x") == Array("old".utf8))
      }
    }
  }

  @Test(arguments: [[], ["-r", "0-1"], ["--head"]])
  func `a download with a failed precondition sends no content`(options: [String]) async throws {
    try await withServer(Self.replace) { server in
      let old = try server.scratch.write("old".utf8, to: "old")
      let new = try server.scratch.write("new content".utf8, to: "new")
      #expect(try await Curl.run(["-T", old, "\(server.url)/x"]).status == 201)
      let oldTag = try await server.entityTag(of: "x")
      #expect(try await Curl.run(["-T", new, "\(server.url)/x"]).status == 200)
      let tag = try await server.entityTag(of: "x")
      #expect(tag != oldTag)
      for condition in ["If-Match: \"nope\"", "If-Match: \(oldTag)", "If-Unmodified-Since: \(Self.past)"] {
        let reply = try await Curl.run(options + ["-H", condition, "\(server.url)/files/x"])
        #expect(reply.status == 412, "\(condition): \(reply)")
        #expect(options == ["--head"] || reply.isRejection(412), "\(condition): \(reply)")
      }
      for condition in ["If-None-Match: \(tag)", "If-None-Match: *"] {
        let reply = try await Curl.run(options + ["-H", condition, "\(server.url)/files/x"])
        #expect(reply.status == 304, "\(condition): \(reply)")
      }
      let read = try await Curl.run(options + ["-H", "If-Match: \(tag)", "\(server.url)/files/x"])
      #expect(read.status == (options.contains("-r") ? 206 : 200), "\(read)")
      #expect(try server.uploads.read("x") == Array("new content".utf8))
    }
  }
}
