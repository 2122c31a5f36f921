import HTTPTypes
import Testing
import UploadCore
import UploadProtocol

@Suite struct TreeFieldTests {
  private func group(_ text: String) -> UploadGroup? { TreeField.group(in: [.sluiceTree: text]) }

  @Test func `the field names a tree, with or without the number of files and bytes`() {
    #expect(
      group(#"id="abc", name="photos", files=10000, bytes=40960000"#)
        == UploadGroup(id: "abc", name: "photos", files: 10_000, bytes: 40_960_000)
    )
    #expect(group(#"id="abc",name="a \"b\"""#) == UploadGroup(id: "abc", name: "a \"b\""))
    #expect(group(#"id="abc""#) == UploadGroup(id: "abc", name: "files"))
    #expect(group(#"id="a", name=%"f%c3%bc", other=?1"#) == UploadGroup(id: "a", name: "fü"))
  }

  @Test(arguments: [
    "", "id", "id=1", "id=abc", #"name="photos""#, #"id="""#, #"id="a b""#, #"id="a", name="b"#, #"id="a" name="b""#,
    #"id="ü""#, #"id="\n""#,
  ])
  func `a field that is malformed or has no usable id is ignored`(text: String) {
    #expect(group(text) == nil)
  }

  @Test func `ids, names and fields have a largest length`() {
    #expect(group("id=\"\(String(repeating: "a", count: 64))\"") != nil)
    #expect(group("id=\"\(String(repeating: "a", count: 65))\"") == nil)
    #expect(group("id=\"a\", name=\"\(String(repeating: "b", count: 256))\"")?.name == "files")
    #expect(group("id=\"a\", x=\"\(String(repeating: "b", count: 3000))\"") == nil)
  }

  @Test func `negative and other numbers count as not stated`() {
    let found = group(#"id="a", name="b", files=-1, bytes=1.5"#)
    #expect(found == UploadGroup(id: "a", name: "b"))
  }

  @Test(arguments: ["files=1000000001, bytes=109951162777601", "files=999999999999999, bytes=999999999999999"])
  func `totals that no tree can have count as not stated`(totals: String) {
    #expect(group("id=\"a\", name=\"b\", \(totals)") == UploadGroup(id: "a", name: "b"))
    #expect(group("id=\"a\", files=1000000000, bytes=109951162777600")?.bytes == 100 << 40)
  }

  @Test func `a total that no structured field can have makes the field malformed`() {
    #expect(group(#"id="a", bytes=9223372036854775808"#) == nil)
  }

  @Test func `a name is made safe to show`() {
    #expect(group(#"id="a", name=%"x%1b%e2%80%ae""#)?.name.unicodeScalars.contains("\u{1B}") == false)
  }

  @Test(arguments: [
    UploadGroup(id: "k3v9", name: "photos", files: 3, bytes: 0), UploadGroup(id: "a", name: #"a"b\c%41"#),
    UploadGroup(id: "a", name: "föö %3A ü", files: 1),
  ])
  func `what is written is read again`(group: UploadGroup) {
    #expect(TreeField.group(in: [.sluiceTree: TreeField.text(group)]) == group)
  }
}

@Suite struct ModificationTimeTests {
  @Test(
    arguments: [
      ("0", 0), ("1700000000", 1_700_000_000), ("1700000000.999999999", 1_700_000_000),
      ("253402300799", 253_402_300_799),
    ] as [(String, Int64)]
  )
  func `seconds since 1970 are read, and a fraction is ignored`(text: String, expected: Int64) {
    #expect(ModificationTime.seconds(text) == expected)
  }

  @Test(arguments: [
    "", "-1", "+1", " 1", "1 ", "1e9", "0x1", ".5", "1.", "1.x", "1.5.5", "253402300800", "1700000000000",
    "99999999999999999999999", "now", "1, 2", "١",
  ])
  func `a malformed or absurd time is ignored`(text: String) {
    #expect(ModificationTime.seconds(text) == nil)
  }
}
