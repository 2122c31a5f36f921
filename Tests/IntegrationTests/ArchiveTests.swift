import Foundation
import Testing
import UploadTestSupport

/// Directories downloaded as tar archives, compared by real tar.
@Suite(.curl) struct ArchiveTests {
  /// Runs tar, and expects that it succeeds without a warning.
  private func tar(_ arguments: [String]) async throws -> String {
    let ended = try await ProcessRunner.run("tar", arguments, timeout: .seconds(60))
    #expect(ended.exit == .status(0) && ended.errors.isEmpty, "\(ended)")
    return ended.output
  }

  @Test func `an archive has every file of a tree with its content and time, and its empty directories`() async throws {
    try await withServer { server in
      let long = String(repeating: "long directory name ", count: 8)
      let contents: [(path: String, bytes: [UInt8])] = [
        ("tree/a.txt", Array("hello".utf8)), ("tree/empty", []), ("tree/sub/large", SplitMix64.bytes(3_000_001)),
        ("tree/sub/block", SplitMix64.bytes(512)), ("tree/ümläut/\(long)/\(long)x", SplitMix64.bytes(100)),
        ("tree/sub/deeper/40000", SplitMix64.bytes(40_000)),
      ]
      for (path, bytes) in contents {
        let file = server.uploads.file(path)
        let parent = URL(filePath: file).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try server.uploads.write(bytes, to: path)
        let time: [FileAttributeKey: Any] = [.modificationDate: Date(timeIntervalSince1970: 1_600_000_000)]
        try FileManager.default.setAttributes(time, ofItemAtPath: file)
      }
      let hollow = server.uploads.file("tree/hollow")
      try FileManager.default.createDirectory(atPath: hollow, withIntermediateDirectories: false)
      try server.uploads.write([1], to: "beside")

      let archive = server.scratch.file("tree.tar")
      let reply = try await Curl.run(["-o", archive, "\(server.url)/files/tree/?format=tar"])
      #expect(reply.exit == .status(0) && reply.status == 200)
      #expect(try await tar(["-tf", archive]).hasPrefix("tree/\n"))
      let target = TemporaryDirectory(inside: server.scratch.file("extracted"))
      try FileManager.default.createDirectory(atPath: target.path, withIntermediateDirectories: false)
      _ = try await tar(["-xf", archive, "-C", target.path])
      let sent = try FileManager.default.subpathsOfDirectory(atPath: server.uploads.file("tree")).sorted()
      #expect(try FileManager.default.subpathsOfDirectory(atPath: target.file("tree")).sorted() == sent)
      for (path, bytes) in contents {
        #expect(try Digest.ofFile(target.file(path)) == Digest.of(bytes), "\(path)")
        let attributes = try FileManager.default.attributesOfItem(atPath: target.file(path))
        #expect((attributes[.modificationDate] as? Date)?.timeIntervalSince1970 == 1_600_000_000, "\(path)")
      }
      let isDirectory = try FileManager.default.attributesOfItem(atPath: target.file("tree/hollow"))[.type]
      #expect(isDirectory as? FileAttributeType == .typeDirectory)
      #expect(try await tar(["-tf", archive]).contains("beside") == false)
    }
  }

  @Test func `the whole upload directory is an archive, without the server's own files`() async throws {
    try await withServer { server in
      try server.uploads.write([1], to: "a")
      let created = try await Curl.run([
        "-X", "POST", "-H", "Upload-Complete: ?0", "-H", "Content-Length: 0",
        "\(server.url)/stream-upload?name=unfinished",
      ])
      #expect(created.status == 201, "\(created)")
      let archive = server.scratch.file("all.tar")
      #expect(try await Curl.run(["-o", archive, "\(server.url)/files/?format=tar"]).status == 200)
      #expect(try await tar(["-tf", archive]) == "a\n")
      let head = try await Curl.run(["--head", "\(server.url)/files/?format=tar"])
      #expect(head.status == 200 && head.body.lowercased().contains("content-type: application/x-tar"), "\(head)")
    }
  }

  @Test func `an archive of large files that no client reads uses no memory for their content`() async throws {
    try await withServer { server in
      try FileManager.default.createDirectory(atPath: server.uploads.file("d"), withIntermediateDirectories: false)
      for number in 0..<4 { try server.uploads.write(SplitMix64.bytes(8 << 20), to: "d/\(number)") }
      #expect(try await Curl.run(["-o", "/dev/null", "\(server.url)/files/d/?format=tar"]).status == 200)
      let before = try server.residentBytes
      var readers: [Socket] = []
      for _ in 0..<20 {
        let reader = try Socket(port: server.port)
        try await reader.send(RequestHead.bytes("GET", "/files/d/?format=tar"))
        readers.append(reader)
      }
      for reader in readers { #expect(!(try await reader.receiveSome()).isEmpty) }
      let grown = try server.residentBytes - before
      #expect(grown < 32 << 20, "\(grown) bytes for \(readers.count) archives")
    }
  }

  @Test func `an archive is a download in the events and metrics, and HEAD states no length`() async throws {
    try await withServer { server in
      try await server.uploads.script("mkdir d && printf hello > d/a")
      let archive = try await Curl.run(["-o", "/dev/null", "\(server.url)/files/d/?format=tar"])
      #expect(archive.status == 200)
      let metrics = try await Curl.run(["\(server.url)/metrics"])
      #expect(metrics.body.contains(#"sluice_downloads_total{outcome="finished"} 1"#), "\(metrics)")
      #expect(!metrics.body.contains("sluice_download_bytes_total 0"))
      // On one connection: the response to HEAD must end where its headers end.
      let urls = [String](repeating: "\(server.url)/files/d/?format=tar", count: 2)
      let heads = try await Curl.runAll(
        ["--head"] + urls,
        format: "%{http_code} %{num_connects} %header{content-length}"
      )
      #expect(heads.map { $0.split(separator: "\r\n").last } == ["200 1 ", "200 0 "], "\(heads)")
    }
  }
}
