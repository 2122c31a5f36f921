import Foundation
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// The journal, in real directories.
@Suite struct ResumeJournalTests {
  private func entry(_ path: String = "/home/a.bin", expiresIn seconds: Int64 = 3600) -> ResumeJournal.Entry {
    let now = Int64(Date().timeIntervalSince1970)
    return ResumeJournal.Entry(
      path: path,
      name: "a.bin",
      size: 1000,
      modifiedSeconds: 5,
      modifiedNanoseconds: 6,
      endsHash: String(repeating: "0", count: 64),
      target: "http://host:8080/",
      uploadURL: "http://host:8080/uploads/x",
      protocolName: "rufh",
      offset: 10,
      created: now,
      expires: now + seconds
    )
  }

  private func claim(_ journal: ResumeJournal, _ entry: ResumeJournal.Entry) -> JournalClaim? {
    journal.claim(path: entry.path, name: entry.name, target: entry.target)
  }

  private func mode(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test func `the directory is that of XDG_STATE_HOME, otherwise one in HOME`() {
    let both = ["XDG_STATE_HOME": "/s", "HOME": "/h"]
    #expect(ResumeJournal.defaultDirectory(in: both) == "/s/sluice/resume")
    #expect(ResumeJournal.defaultDirectory(in: ["HOME": "/h"]) == "/h/.local/state/sluice/resume")
    // The specification of the variable: relative paths are invalid.
    #expect(
      ResumeJournal.defaultDirectory(in: ["XDG_STATE_HOME": "s", "HOME": "/h"]) == "/h/.local/state/sluice/resume"
    )
    #expect(ResumeJournal.defaultDirectory(in: ["HOME": ""]) == nil)
  }

  @Test func `an entry is found by the next process, in files for this user alone`() async throws {
    try await withTemporaryDirectory { directory in
      let journal = ResumeJournal(directory: directory.file("state/resume"))
      #expect(journal.entries().isEmpty)
      let entry = entry()
      do {
        let claim = try #require(claim(journal, entry))
        #expect(claim.entry == nil)
        #expect(claim.write(entry))
        #expect(journal.entries() == [entry])
        #expect(journal.isInUse(entry))
        withExtendedLifetime(claim) {}
      }
      #expect(!journal.isInUse(entry))
      #expect(try mode(journal.directory) == 0o700)
      for name in try FileManager.default.contentsOfDirectory(atPath: journal.directory) {
        #expect(name.hasPrefix(entry.key))
        #expect(try mode(journal.directory + "/" + name) == 0o600)
      }
      #expect(claim(journal, entry)?.entry == entry)
    }
  }

  @Test func `a removed entry leaves no file`() async throws {
    try await withTemporaryDirectory { directory in
      let journal = ResumeJournal(directory: directory.path)
      let entry = entry()
      do {
        let claim = try #require(claim(journal, entry))
        claim.write(entry)
        claim.remove()
        claim.update { $0.offset = 20 }
        #expect(journal.entries().isEmpty)
      }
      #expect(try directory.names().isEmpty)
      claim(journal, entry)?.write(entry)
      journal.remove(entry)
      journal.remove(entry)
      #expect(try directory.names().isEmpty)
    }
  }

  @Test func `only one process at a time has the place of a file`() async throws {
    try await withTemporaryDirectory { directory in
      let journal = ResumeJournal(directory: directory.path)
      let (one, other) = (entry("/a"), entry("/b"))
      let first = try #require(claim(journal, one))
      #expect(claim(journal, one) == nil)
      #expect(claim(journal, other) != nil)
      first.write(one)
      // It continues without its entry.
      journal.remove(one)
      #expect(claim(journal, one) == nil)
      #expect(journal.entries().isEmpty)
      withExtendedLifetime(first) {}
    }
  }

  @Test func `an update replaces the entry, and a new claim reads the last one`() async throws {
    try await withTemporaryDirectory { directory in
      let journal = ResumeJournal(directory: directory.path)
      let entry = entry()
      do {
        let claim = try #require(claim(journal, entry))
        claim.write(entry)
        claim.update { $0.offset = 500 }
        // Neither 64 MiB nor 5 s.
        claim.noteProgress(600, expires: nil)
        #expect(journal.entries().map(\.offset) == [500])
        withExtendedLifetime(claim) {}
      }
      #expect(claim(journal, entry)?.entry?.offset == 500)
    }
  }

  @Test func `damaged and expired entries are deleted, other files are left alone`() async throws {
    try await withTemporaryDirectory { directory in
      let journal = ResumeJournal(directory: directory.path)
      let (good, expired) = (entry("/good"), entry("/expired", expiresIn: -1))
      claim(journal, good)?.write(good)
      claim(journal, expired)?.write(expired)
      let whole = try directory.read("\(good.key).json")
      let keys = ["/1", "/2", "/3", "/4"].map { entry($0).key }
      try directory.write([], to: "\(keys[0]).json")
      try directory.write(whole.prefix(whole.count / 2), to: "\(keys[1]).json")
      // The entry of another file.
      try directory.write(whole, to: "\(keys[2]).json")
      try directory.write([0xFF, 0x00], to: "\(keys[3]).json")
      try directory.write(whole.prefix(5), to: "\(keys[3]).tmp")
      try directory.write([1], to: "notes.json")
      #expect(journal.entries() == [good])
      #expect(try directory.names() == ["\(good.key).json", "\(good.key).lock", "notes.json"].sorted())
    }
  }

  @Test(arguments: [
    #""offset":1001"#, #""offset":-1"#, #""size":1e400"#, #""modifiedNanoseconds":1000000000"#, #""path":"relative""#,
    #""uploadURL":"""#, #""endsHash":"00""#,
  ])
  func `an entry with an impossible value is ignored`(member: String) async throws {
    try await withTemporaryDirectory { directory in
      let journal = ResumeJournal(directory: directory.path)
      let entry = entry()
      claim(journal, entry)?.write(entry)
      let name = "\(entry.key).json"
      var text = String(decoding: try directory.read(name), as: UTF8.self)
      let key = member.prefix { $0 != ":" }
      let start = try #require(text.range(of: key + ":"))
      let end = text[start.upperBound...].firstIndex { $0 == "," || $0 == "}" } ?? text.endIndex
      text.replaceSubrange(start.lowerBound..<end, with: member)
      try directory.write(Array(text.utf8), to: name)
      #expect(journal.entries().isEmpty)
      #expect(claim(journal, entry)?.entry == nil)
    }
  }

  @Test func `a journal that cannot be written disturbs nothing`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write([1], to: "file")
      let journal = ResumeJournal(directory: directory.file("file/resume"))
      #expect(claim(journal, entry()) == nil)
      #expect(journal.entries().isEmpty)
      journal.remove(entry())
      #expect(!journal.isInUse(entry()))
    }
  }

  @Test func `a link in the place of an entry is not followed`() async throws {
    try await withTemporaryDirectory { directory in
      let journal = ResumeJournal(directory: directory.path)
      let entry = entry()
      try directory.write([1], to: "other")
      try FileManager.default.createSymbolicLink(
        atPath: directory.file("\(entry.key).tmp"),
        withDestinationPath: directory.file("other")
      )
      #expect(claim(journal, entry)?.write(entry) == true)
      #expect(try directory.read("other") == [1])
    }
  }

  @Test func `a file is recognised by its path, size, time and ends`() async throws {
    try await withTemporaryDirectory { directory in
      func identity(_ bytes: [UInt8]) throws -> FileIdentity {
        let path = try directory.write(bytes, to: "a.bin")
        return try #require(try FileIdentity(UploadSource.file(path).open(), path: path))
      }
      let bytes = SplitMix64.bytes(200_000)
      let first = try identity(bytes)
      let again = try #require(
        try FileIdentity(UploadSource.file(directory.file("a.bin")).open(), path: directory.path + "/./a.bin")
      )
      #expect(first == again)
      var changed = bytes
      changed[199_999] ^= 1
      #expect(try identity(changed).endsHash != first.endsHash)
      #expect(try identity([]).size == 0)
      #expect(try identity([7]).endsHash != identity([8]).endsHash)
    }
  }
}
