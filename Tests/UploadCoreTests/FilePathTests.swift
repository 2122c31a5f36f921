import Testing
import UploadCore

@Suite struct FilePathTests {
  @Test(
    arguments: [
      ("a", "a", false), ("a/b/c.txt", "a/b/c.txt", false), ("/a", "a", true), ("a//b", "a/b", true),
      ("./a", "a", true), ("a/./b", "a/b", true), ("a/\u{1B}b/c", "a/b/c", true), ("a/b\u{202E}", "a/b", true),
      ("...", "...", false), ("a/..b", "a/..b", false), (".sluice-uploads/x", "_.sluice-uploads/x", true),
    ] as [(NameBytes, String, Bool)]
  )
  func `a path keeps its directories, and says whether it was altered`(
    requested: NameBytes,
    expected: String,
    isAltered: Bool
  ) throws {
    let path = try FilePath(requested)
    #expect(path.description == expected)
    #expect(path.wasAltered == isAltered)
  }

  @Test(
    arguments: [
      "", "/", "a/", "..", "../a", "a/../../b", "a/..", ".", "a/.", "a/\u{0}/b", "\u{202E}", "/..",
    ] as [NameBytes]
  )
  func `a path that leads out or names no file is rejected`(requested: NameBytes) {
    let error = #expect(throws: UploadError.self) { try FilePath(requested) }
    #expect(error?.code == .badRequest)
  }

  @Test func `a slash within a component does not separate`() throws {
    let path = try FilePath(components: ["dir", "x/y"])
    #expect(path.description == "dir/y")
    #expect(path.wasAltered)
    let error = #expect(throws: UploadError.self) { try FilePath(components: ["dir", "x/.."]) }
    #expect(error?.code == .badRequest)
  }

  @Test func `bytes that are not UTF-8 are kept in each component`() throws {
    let bytes = NameBytes([0xE9, UInt8(ascii: "/"), 0xFF])
    #expect(try FilePath(bytes).bytes == bytes)
  }

  @Test func `32 directories are accepted, and more are not, however many`() throws {
    let deep = String(repeating: "d/", count: 32)
    #expect(try FilePath(NameBytes(deep + "f")).directory.components.count == 32)
    for count in [33, 5000] {
      let error = #expect(throws: UploadError.self) {
        try FilePath(NameBytes(String(repeating: "d/", count: count) + "f"))
      }
      #expect(error?.code == .badRequest)
    }
  }

  @Test func `a path of more than 4096 bytes is rejected after its names were shortened`() throws {
    let name = String(repeating: "n", count: 300)
    #expect(try FilePath(NameBytes(name)).name.bytes.bytes.count == 255)
    let long = Array(repeating: name, count: 17).joined(separator: "/")
    let error = #expect(throws: UploadError.self) { try FilePath(NameBytes(long)) }
    #expect(error?.code == .badRequest)
  }

  @Test func `a directory's path needs no name, and leaves out empty components`() throws {
    #expect(try DirectoryPath("a/b/").description == "a/b")
    #expect(try DirectoryPath("").isRoot)
    let error = #expect(throws: UploadError.self) { try DirectoryPath("a/../b") }
    #expect(error?.code == .badRequest)
  }

  @Test func `the last component is what follows the last slash`() {
    #expect(NameBytes("a/b/c").lastComponent == "c")
    #expect(NameBytes("c").lastComponent == "c")
    #expect(NameBytes("a/").lastComponent == "")
  }
}
