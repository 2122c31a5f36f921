import Testing
import UploadCore
import UploadStorage

@testable import UploadStorageS3

@Suite struct ObjectNamingTests {
  private static let hardNames: [String] = [
    "a.txt", "a+b", "100%", "%41", "a b", " a", "ü.txt", "u\u{308}.txt", "日本語/ファイル", "😀/😀", "a&b=c?d#e", "a'b\"c",
    "..a",
    "a..", ".hidden", "a\\b", "~", "*", "deep/er/and/deeper/file.tar.gz", "<tag>", "a;b,c", "$HOME", "(1)", "[x]",
    "{y}",
  ]

  @Test(arguments: hardNames, ["", "uploads", "team a/100%"])
  func `a path becomes a key and the key the same path, byte for byte`(path: String, prefix: String) throws {
    let naming = ObjectNaming(prefix: prefix)
    let key = try naming.key(NameBytes(path))
    #expect(key == (prefix.isEmpty ? path : prefix + "/" + path))
    #expect(naming.path(ofKey: key)?.bytes == Array(path.utf8))
  }

  @Test func `paths of different normalization forms are different objects`() throws {
    let naming = ObjectNaming(prefix: "")
    let (composed, decomposed) = (try naming.key("\u{FC}"), try naming.key("u\u{308}"))
    #expect(!composed.utf8.elementsEqual(decomposed.utf8))
  }

  @Test func `a key has at most 1024 bytes, with the prefix`() throws {
    let path = [String](repeating: String(repeating: "n", count: 100), count: 10).joined(separator: "/")
    #expect(path.utf8.count == 1009)
    #expect(
      try ObjectNaming(prefix: "").key(NameBytes(path + "/" + String(repeating: "n", count: 14))).utf8.count == 1024
    )
    for longer in [path + "/" + String(repeating: "n", count: 15)] {
      #expect { try ObjectNaming(prefix: "").key(NameBytes(longer)) } throws: {
        ($0 as? UploadError)?.code == .badRequest
      }
    }
    #expect(throws: UploadError.self) { try ObjectNaming(prefix: "a-prefix-of-16-b").key(NameBytes(path)) }
  }

  @Test(arguments: [[0xFF], [0x61, 0xC3], [0xED, 0xA0, 0x80]] as [[UInt8]])
  func `names that are not UTF-8 have no key`(bytes: [UInt8]) {
    #expect { try ObjectNaming(prefix: "").key(NameBytes(bytes)) } throws: { ($0 as? UploadError)?.code == .badRequest }
  }

  @Test func `the store's own objects are no files`() throws {
    let naming = ObjectNaming(prefix: "up")
    for path in [".sluice", ".sluice/claims/a", ".sluice/x"] {
      #expect(throws: UploadError.self) { try naming.key(NameBytes(path)) }
      #expect(naming.path(ofKey: "up/" + path) == nil)
    }
    #expect(try naming.key(".sluicer") == "up/.sluicer")
    #expect(try naming.key("a/.sluice") == "up/a/.sluice")
    #expect(naming.claim(ofKey: "up/a").hasPrefix("up/.sluice/claims/"))
    #expect(naming.claim(ofKey: "up/a") != naming.claim(ofKey: "up/b"))
    #expect(naming.claim(ofKey: String(repeating: "k", count: 1024)).utf8.count < 200)
    #expect(naming.name(ofEntry: "up/.sluice/", in: "up/") == nil)
  }

  @Test(
    arguments: [
      "other/a", "up", "up/", "up//a", "up/a//b", "up/a/", "up/./a", "up/a/..", "up/a\u{0}b", "up/a\nb", "up/\u{202E}a",
      "up/" + String(repeating: "n", count: 256),
    ]
  )
  func `objects of other programs whose keys are no safe paths are no files`(key: String) {
    #expect(ObjectNaming(prefix: "up").path(ofKey: key) == nil)
  }

  @Test func `a listing names what is directly in a directory`() throws {
    let naming = ObjectNaming(prefix: "up")
    let prefix = try #require(naming.prefix(ofDirectory: "a/b"))
    #expect(prefix == "up/a/b/")
    #expect(naming.name(ofEntry: "up/a/b/c", in: prefix) == "c")
    #expect(naming.name(ofEntry: "up/a/b/d/", in: prefix) == "d")
    #expect(naming.name(ofEntry: "up/a/b/", in: prefix) == nil)
    #expect(naming.name(ofEntry: "up/a/x", in: prefix) == nil)
    #expect(naming.prefix(ofDirectory: "") == "up/")
    #expect(ObjectNaming(prefix: "").prefix(ofDirectory: "") == "")
    for path in ["a/../b", "a//b", "/a", "a/", "."] { #expect(naming.prefix(ofDirectory: NameBytes(path)) == nil) }
  }
}

@Suite struct StoreLocationTests {
  @Test(
    arguments: [
      ("s3://bucket", "bucket", ""), ("s3://bucket/", "bucket", ""), ("S3://my-bucket.1/a/b/", "my-bucket.1", "a/b"),
      ("s3://bucket//a", "bucket", "a"), ("s3://bucket/a b/ü", "bucket", "a b/ü"),
    ]
  )
  func `a store names a bucket, and perhaps a prefix`(url: String, bucket: String, prefix: String) throws {
    let location = try StoreLocation(url)
    #expect(location.bucket == bucket && location.prefix == prefix)
    #expect(try StoreLocation(location.description) == location)
  }

  @Test(
    arguments: [
      "", "bucket", "http://bucket", "s3:/bucket", "s3://", "s3:///a", "s3://ab", "s3://Bucket", "s3://b_cket/../a",
      "s3://bucket/a/../b", "s3://bucket/.sluice/x", "s3://buc ket", "s3://-bucket", "s3://bucket/a\nb",
      "s3://" + String(repeating: "b", count: 64), "s3://bucket/" + String(repeating: "n", count: 513),
    ]
  )
  func `other texts are rejected with an example`(url: String) {
    #expect { try StoreLocation(url) } throws: { error in
      let error = error as? UploadError
      return error?.code == .badURL && error?.message.contains("s3://BUCKET") == true
    }
  }

  @Test func `objects of unfinished uploads have numbers up to a limit`() {
    let id = UnfinishedID()
    for number in ["1", "2147483647"] {
      #expect(UnfinishedPart(name: "\(id).lease.\(number)")?.leaseNumber == Int(number))
    }
    for number in ["0", "01", "-1", "2147483648", "\(Int.max)", ""] {
      for kind in ["lease", "tail"] { #expect(UnfinishedPart(name: "\(id).\(kind).\(number)") == nil) }
    }
  }
}
