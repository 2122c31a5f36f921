import Basics
import Testing
import UploadCore

@testable import UploadStorageS3

@Suite struct ClaimRecordTests {
  @Test(arguments: ["a", "up/ü b: c", String(repeating: "k", count: 1024)], [nil, "2~abc:def=", "id with spaces"])
  func `a record is read as it was written`(key: String, uploadID: String?) throws {
    let record = ClaimRecord(holder: UploadID(), key: key, uploadID: uploadID)
    #expect(record.text.utf8.count <= ClaimRecord.longest)
    #expect(ClaimRecord(record.text.utf8) == record)
  }

  @Test(arguments: ["", "sluice claim", "sluice claim\nholder: x\nkey: a\n", "claim\nholder: 0123456789ab\nkey: a\n"])
  func `other texts are no record`(text: String) {
    #expect(ClaimRecord(text.utf8) == nil)
  }

  @Test func `unknown lines are ignored`() {
    let text = "sluice claim\nholder: 0123456789ab\nmore: of it\nkey: a\nnothing\n"
    #expect(ClaimRecord(text.utf8)?.key == "a")
  }

  @Test func `no bytes make the parser trap`() {
    var random = SplitMix64(seed: 3)
    let valid = Array(ClaimRecord(holder: UploadID(), key: "a/ü", uploadID: "x").text.utf8)
    for _ in 0..<2000 {
      var bytes = valid
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = ClaimRecord(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
    }
  }
}
