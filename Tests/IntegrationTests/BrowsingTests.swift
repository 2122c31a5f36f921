import Foundation
import Testing
import UploadTestSupport

/// What can be looked at beside the uploads.
@Suite(.curl) struct BrowsingTests {
  @Test func `a stored file is downloaded whole and in byte ranges`() async throws {
    try await withServer { server in
      let bytes = SplitMix64.bytes(1_000_000)
      let path = try server.scratch.write(bytes, to: "source")
      #expect(try await Curl.run(["-T", path, "\(server.url)/f"]).status == 201)
      let back = server.scratch.file("back")
      let whole = try await Curl.run(["--verbose", "-o", back, "\(server.url)/files/f"])
      #expect(whole.status == 200)
      #expect(try Digest.ofFile(back) == Digest.of(bytes))
      let fields = whole.errors.lowercased()
      #expect(fields.contains("< x-content-type-options: nosniff"))
      #expect(fields.contains("< content-disposition: attachment"))
      #expect(fields.contains("< accept-ranges: bytes"))
      let ranges = [
        "0-9": 0..<10, "10-": 10..<1_000_000, "-5": 999_995..<1_000_000, "999999-2000000": 999_999..<1_000_000,
        "250000-750000": 250_000..<750_001,
      ]
      for (range, expected) in ranges {
        let part = try await Curl.run(["--verbose", "-r", range, "-o", back, "\(server.url)/files/f"])
        #expect(part.status == 206, "\(range)")
        #expect(try Digest.ofFile(back) == Digest.of(Array(bytes[expected])), "\(range)")
        let field = "< content-range: bytes \(expected.lowerBound)-\(expected.upperBound - 1)/1000000"
        #expect(part.errors.lowercased().contains(field), "\(range): \(part.errors)")
      }
      let behind = try await Curl.run(["--verbose", "-r", "1000000-", "\(server.url)/files/f"])
      #expect(behind.isRejection(416), "\(behind)")
      #expect(behind.errors.lowercased().contains("< content-range: bytes */1000000"))
    }
  }

  @Test func `If-None-Match with the file's ETag gets 304 without a body`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(1000, to: "source")
      #expect(try await Curl.run(["-T", path, "\(server.url)/f"]).status == 201)
      let tag = server.scratch.file("tag")
      let first = try await Curl.run(["--etag-save", tag, "-o", "/dev/null", "\(server.url)/files/f"])
      #expect(first.status == 200)
      #expect(try server.scratch.read("tag").count > 4)
      let second = try await Curl.run(["--etag-compare", tag, "\(server.url)/files/f"])
      #expect(second.status == 304 && second.body.isEmpty)
      let other = try await Curl.run(["-H", "If-None-Match: \"other\"", "-o", "/dev/null", "\(server.url)/files/f"])
      #expect(other.status == 200)
    }
  }

  @Test func `HEAD states the length and type of a file without its content`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(12_345, to: "source")
      #expect(try await Curl.run(["-T", path, "\(server.url)/f.png"]).status == 201)
      let reply = try await Curl.run(["--head", "\(server.url)/files/f.png"])
      #expect(reply.status == 200)
      #expect(reply.body.lowercased().contains("content-length: 12345\r\n"), "\(reply)")
      #expect(reply.body.lowercased().contains("content-type: image/png\r\n"))
      #expect(try await Curl.run(["--head", "\(server.url)/"]).status == 200)
      #expect(try await Curl.run(["--head", "\(server.url)/files/none"]).status == 404)
    }
  }

  @Test(arguments: ["a b.txt", "100%.txt", "plain.txt", "a;b.txt"])
  func `curl saves a download under the name of Content-Disposition`(name: String) async throws {
    try await withServer { server in
      let path = try server.scratch.random(1000, to: "source")
      let escaped = try #require(name.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
      #expect(try await Curl.run(["-T", path, "\(server.url)/\(escaped)"]).isStored(name, size: 1000))
      let saved = try server.scratch.directory("saved")
      let reply = try await Curl.run(["--output-dir", saved.path, "-OJ", "\(server.url)/files/\(escaped)"])
      #expect(reply.status == 200, "\(reply)")
      #expect(try saved.names() == [name])
      #expect(try Digest.ofFile(saved.file(name)) == Digest.ofFile(path))
    }
  }

  @Test func `HEAD ignores Range and describes the whole file`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(1000, to: "source")
      #expect(try await Curl.run(["-T", path, "\(server.url)/f"]).status == 201)
      let reply = try await Curl.run(["--head", "-H", "Range: bytes=0-9", "\(server.url)/files/f"])
      #expect(reply.status == 200)
      #expect(reply.body.lowercased().contains("content-length: 1000\r\n"), "\(reply)")
    }
  }

  @Test func `healthz responds with ok, and metrics count the received bytes`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(1000, to: "source")
      #expect(try await Curl.run(["-T", path, "\(server.url)/f"]).status == 201)
      let health = try await Curl.run(["\(server.url)/healthz"])
      #expect(health.status == 200 && health.body == "ok\n")
      let metrics = try await Curl.run(["--verbose", "\(server.url)/metrics"])
      #expect(metrics.status == 200)
      #expect(metrics.errors.lowercased().contains("< content-type: application/openmetrics-text"))
      #expect(metrics.body.hasSuffix("# EOF\n"))
      let bytes = metrics.body.split(separator: "\n").first {
        $0.hasPrefix("sluice_transferred_bytes_total") && $0.contains("incoming")
      }
      #expect(bytes?.hasSuffix(" 1000") == true, "\(metrics.body)")
    }
  }

  @Test func `the listing is JSON, or HTML with escaped names where Accept asks for it`() async throws {
    try await withServer { server in
      let empty = try await Curl.run(["\(server.url)/files/"])
      #expect(empty.status == 200 && empty.body == "{\"files\":[]}\n")
      let names = [#"<img src=x onerror="alert(1)">'&.png"#, "plain.txt", "ünï 100%.bin"]
      let path = try server.scratch.random(10, to: "source")
      for name in names {
        let escaped = try #require(name.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        #expect(try await Curl.run(["-T", path, "\(server.url)/\(escaped)"]).isStored(name, size: 10))
        let back = try await Curl.run(["-o", "/dev/null", "\(server.url)/files/\(escaped)"])
        #expect(back.status == 200)
      }
      let json = try await Curl.run(["\(server.url)/files/"])
      let listing = try JSONDecoder().decode(Listing.self, from: Data(json.body.utf8))
      #expect(listing.files.map(\.name).sorted() == names.sorted())
      #expect(listing.files.allSatisfy { $0.size == 10 })
      let page = try await Curl.run(["-H", "Accept: text/html", "\(server.url)/files/?sort=name"])
      #expect(page.status == 200)
      #expect(page.body.hasPrefix("<!doctype html>"))
      #expect(!page.body.contains("<img"), "\(page.body)")
      #expect(page.body.contains("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;.png"), "\(page.body)")
      #expect(!page.body.contains("<script"))
      let front = try await Curl.run(["\(server.url)/"])
      #expect(front.body.contains("enctype=\"multipart/form-data\"") && !front.body.contains("plain.txt"))
    }
  }

  @Test(arguments: [
    "/files/..%2f..%2fetc%2fpasswd", "/files/../../../../etc/passwd", "/files/%2e%2e/secret", "/files/..",
    "/files//etc/passwd", "/files/link", "/files/link/", "/files/inner/../../secret", "/files/inner/link",
    "/files/inner/up/secret", "/files/inner%2Ff", "/files/a%00b", "/files/.",
  ])
  func `a download path cannot leave the upload directory`(target: String) async throws {
    try await withServer { server in
      try server.scratch.write(Array("secret".utf8), to: "secret")
      try FileManager.default.createSymbolicLink(
        atPath: server.uploads.file("link"),
        withDestinationPath: server.scratch.file("secret")
      )
      let inner = try server.uploads.directory("inner")
      try inner.write([1], to: "f")
      for (name, destination) in [("link", "../../secret"), ("up", "../..")] {
        try FileManager.default.createSymbolicLink(atPath: inner.file(name), withDestinationPath: destination)
      }
      let reply = try await Curl.run(["--path-as-is", server.url + target])
      #expect(reply.isRejection(404) || reply.isRejection(400), "\(reply)")
    }
  }

  @Test func `unknown paths get 404, wrong methods get 405 and Allow, and malformed requests get 400`() async throws {
    try await withServer { server in
      #expect(try await Curl.run(["\(server.url)/files/none"]).isRejection(404))
      #expect(try await Curl.run(["\(server.url)/nothing"]).isRejection(404))
      #expect(try await Curl.run(["-d", "x", "\(server.url)/nothing"]).isRejection(404))
      #expect(try await Curl.run(["-X", "GET", "-d", "x", "\(server.url)/"]).isRejection(400))
      #expect(try await Curl.run(["\(server.url)/files/%zz"]).isRejection(400))
      for (method, target) in [
        ("DELETE", "/files/x"), ("GET", "/stream-upload"), ("GET", "/file-upload"), ("PUT", "/stream-upload"),
        ("PATCH", "/x"), ("PUT", "/healthz"), ("OPTIONS", "/"),
      ] {
        let reply = try await Curl.run(["--verbose", "-X", method, server.url + target])
        #expect(reply.isRejection(405), "\(method) \(target): \(reply)")
        #expect(reply.errors.lowercased().contains("< allow: "), "\(method) \(target)")
      }
      #expect(try server.uploads.names() == [])
    }
  }

  private struct Listing: Decodable {
    struct File: Decodable {
      var name: String
      var size: UInt64
      var type: String?
      var modified: String
    }

    var files: [File]
  }
}
