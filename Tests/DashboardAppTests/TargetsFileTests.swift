import Dashboard
import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import DashboardApp

@Suite struct TargetsFileTests {
  private func status(_ path: String) -> stat {
    var status = stat()
    lstat(path, &status)
    return status
  }

  @Test func `the file is beside that of the settings`() {
    #expect(SettingsLocation.path(["XDG_CONFIG_HOME": "/c"], "targets.json") == "/c/sluice/targets.json")
    #expect(SettingsLocation.path(["HOME": "/h"], "targets.json") == "/h/.config/sluice/targets.json")
  }

  @Test func `changes are made in the file as it is, which has mode 600`() async throws {
    try await withTemporaryDirectory { directory throws in
      let file = TargetsFile(path: directory.file("config/sluice/targets.json"))
      #expect(file.load().targets == SavedTargets() && file.load().note == nil)
      #expect(try file.save([.used("http://a")]) == nil)
      chmod(file.path, 0o644)
      // As another process does.
      #expect(try TargetsFile(path: file.path).save([.named("http://b", "nas")]) == nil)
      #expect(try file.save([.used("http://c"), .used("http://a")]) == nil)
      #expect(file.load().targets.entries.map(\.url) == ["http://a", "http://c", "http://b"])
      #expect(file.load().targets.entries.last?.name == "nas" && file.load().note == nil)
      #expect(status(file.path).st_mode & 0o7777 == 0o600)
      #expect(try TemporaryDirectory(inside: directory.file("config/sluice")).names() == ["targets.json"])
    }
  }

  @Test func `many processes at once lose no change`() async throws {
    try await withTemporaryDirectory { directory throws in
      let path = directory.file("targets.json")
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<40 {
          group.addTask { _ = try? TargetsFile(path: path).save([.named("http://h\(number)", "n\(number)")]) }
        }
      }
      #expect(Set(TargetsFile(path: path).load().targets.entries.map(\.url)).count == 40)
    }
  }

  private static let broken: [(what: String, bytes: [UInt8])] = [
    ("garbage", Array("{broken".utf8)), ("binary", [0xFF, 0xFE, 0]), ("empty", []), ("list", Array("[]".utf8)),
    ("version", Array(#"{"version":2,"targets":[]}"#.utf8)), ("no version", Array(#"{"targets":[]}"#.utf8)),
    ("no targets", Array(#"{"version":1}"#.utf8)), ("large", Array(repeating: UInt8(ascii: " "), count: 70_000)),
    ("deep", Array(repeating: UInt8(ascii: "["), count: 60_000)),
    ("an entry", Array(#"{"version":1,"targets":[{"url":"http://a"},{"url":"ftp://x"}]}"#.utf8)),
  ]

  @Test(arguments: broken.indices)
  func `a file that cannot be used is reported, and kept when targets are stored`(index: Int) async throws {
    let (what, bytes) = Self.broken[index]
    try await withTemporaryDirectory { directory throws in
      let path = try directory.write(bytes, to: "targets.json")
      let file = TargetsFile(path: path)
      let note = try #require(file.load().note, "\(what)")
      #expect(note.hasSuffix(" It is kept as targets.json.broken when new ones are stored."), "\(note)")
      #expect(try directory.names() == ["targets.json"], "not before")
      let kept = try file.save([.used("http://b")])
      #expect(kept == "\(path) could not be used; it is kept as \(path).broken.")
      #expect(try directory.read("targets.json.broken") == bytes)
      #expect(file.load().note == nil)
      #expect(file.load().targets.entries.map(\.url) == (what == "an entry" ? ["http://b", "http://a"] : ["http://b"]))
    }
  }

  @Test func `earlier kept files are not replaced, and the tenth is left where it is`() async throws {
    try await withTemporaryDirectory { directory throws in
      let file = TargetsFile(path: directory.file("targets.json"))
      for number in 1...9 {
        try directory.write([UInt8(number)], to: "targets.json")
        #expect(try file.save([.used("http://b")])?.contains(".broken") == true)
      }
      #expect(try directory.names().count == 10)
      #expect(try directory.read("targets.json.broken") == [1])
      #expect(try directory.read("targets.json.broken.9") == [9])
      try directory.write([10], to: "targets.json")
      let error = #expect(throws: UploadError.self) { try file.save([.used("http://b")]) }
      #expect(error?.message.contains("9 such files are kept already") == true, "\(String(describing: error))")
      #expect(try directory.read("targets.json") == [10] && directory.names().count == 10)
    }
  }

  @Test func `a directory, a FIFO, a loop and a device are reported and not changed`() async throws {
    try await withTemporaryDirectory { directory throws in
      mkdir(directory.file("directory"), 0o700)
      mkfifo(directory.file("fifo"), 0o600)
      symlink("loop", directory.file("loop"))
      symlink("/dev/null", directory.file("device"))
      for name in ["directory", "fifo", "loop", "device"] {
        let file = TargetsFile(path: directory.file(name))
        let before = status(file.path)
        #expect(file.load().note?.hasPrefix("Your targets are not used: ") == true, "\(name)")
        let error = #expect(throws: UploadError.self) { try file.save([.used("http://b")]) }
        #expect(error?.message.hasPrefix("Your targets cannot be stored. ") == true, "\(String(describing: error))")
        #expect(status(file.path).st_ino == before.st_ino, "\(name)")
      }
      #expect(try directory.names() == ["device", "directory", "fifo", "loop"])
    }
  }

  @Test func `a link to a file that does not exist is reported, and its target is created`() async throws {
    try await withTemporaryDirectory { directory throws in
      symlink("real.json", directory.file("targets.json"))
      let file = TargetsFile(path: directory.file("targets.json"))
      #expect(file.load().note?.contains("is a link to real.json, which does not exist") == true)
      #expect(try file.save([.used("http://b")]) == nil)
      #expect(TargetsFile(path: directory.file("real.json")).load().targets.entries.count == 1)
      #expect(status(file.path).st_mode & S_IFMT == S_IFLNK)
    }
  }

  @Test func `a link into a directory that does not exist is reported, and creates none`() async throws {
    try await withTemporaryDirectory { directory throws in
      symlink("unmounted/real.json", directory.file("targets.json"))
      let file = TargetsFile(path: directory.file("targets.json"))
      #expect(file.load().note?.contains("which does not exist") == true)
      #expect(throws: UploadError.self) { try file.save([.used("http://b")]) }
      #expect(try directory.names() == ["targets.json"])
    }
  }

  @Test func `what cannot be written is written with the next change, and reported once`() async throws {
    try await withTemporaryDirectory { directory throws in
      let notes = Mutex<[String]>([])
      // A file where a directory should be.
      try directory.write([1], to: "sluice")
      let saver = TargetsSaver(TargetsFile(path: directory.file("sluice/targets.json"))) { text in
        notes.withLock { $0.append(text) }
      }
      saver.save(.used("http://a"))
      saver.save(.named("http://b", "b"))
      try await eventually("the failure") { notes.withLock { $0.count } == 1 }
      unlink(directory.file("sluice"))
      saver.save(.used("http://c"))
      await saver.finish()
      #expect(notes.withLock { $0 }.count == 1)
      let urls = TargetsFile(path: directory.file("sluice/targets.json")).load().targets.entries.map(\.url)
      #expect(urls == ["http://c", "http://b", "http://a"])
    }
  }
}

@Suite struct TargetsTextTests {
  private func parsed(_ entries: String) -> (targets: SavedTargets, unusable: Int)? {
    TargetsText.targets(from: Array(#"{"version":1,"targets":[\#(entries)]}"#.utf8))
  }

  @Test func `targets are read as they were written`() {
    let targets = SavedTargets([
      SavedTarget(url: "https://h:1/\u{FC}/\"", name: "B\u{FC}ro \u{1F600}"), SavedTarget(url: "http://x"),
    ])
    let read = TargetsText.targets(from: Array(TargetsText.text(targets).utf8))
    #expect(read?.targets == targets && read?.unusable == 0)
  }

  @Test(
    arguments: [
      "5", "null", "[]", "{}", #"{"url":7}"#, #"{"url":"ftp://x"}"#, #"{"url":"http://u:p@h"}"#, #"{"url":""}"#,
      #"{"url":"http://h:99999"}"#, #"{"url":"http://h/\u001b[31m"}"#, #"{"name":"x"}"#,
    ]
  )
  func `an entry that is not valid is left out and counted`(entry: String) {
    let parsed = parsed(#"{"url":"http://good"},"# + entry)
    #expect(parsed?.targets.entries.map(\.url) == ["http://good"] && parsed?.unusable == 1)
  }

  @Test(arguments: [#""a/b""#, "7", #""""#, #""\u202E""#])
  func `a name that is not valid is left out and counted`(name: String) {
    let parsed = parsed(#"{"url":"http://h","name":\#(name)}"#)
    #expect(parsed?.targets.entries == [SavedTarget(url: "http://h")] && parsed?.unusable == 1)
  }

  @Test func `a query in the file is not used, and unknown keys are ignored`() {
    let parsed = parsed(#"{"url":"http://h/?token=secret","later":{}}"#)
    #expect(parsed?.targets.entries.map(\.url) == ["http://h"] && parsed?.unusable == 0)
  }
}
