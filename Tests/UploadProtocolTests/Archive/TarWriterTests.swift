import Testing
import UploadCore
import UploadProtocol

@Suite struct TarWriterTests {
  private func header(_ path: NameBytes, size: UInt64 = 0, modified: Int64 = 0) -> [UInt8] {
    TarWriter.header(of: TarWriter.Entry(path: path, kind: .file(size: size), modified: modified))
  }

  /// A field of a block as text, up to its first NUL.
  private func field(_ block: ArraySlice<UInt8>, _ offset: Int, _ length: Int) -> String {
    let start = block.startIndex + offset
    return String(decoding: block[start..<start + length].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The sum that the checksum field must state, with that field counted as spaces.
  private func checksum(_ block: ArraySlice<UInt8>) -> Int {
    let start = block.startIndex
    return block.reduce(0) { $0 + Int($1) } - block[start + 148..<start + 156].reduce(0) { $0 + Int($1) } + 8 * 32
  }

  @Test func `a short entry is one ustar block with a right checksum`() {
    let block = header("dir/a.txt", size: 0o1234, modified: 0o17_0000_0000)[...]
    #expect(block.count == 512)
    #expect(field(block, 0, 100) == "dir/a.txt")
    #expect(field(block, 100, 8) == "0000644" && field(block, 108, 8) == "0000000")
    #expect(field(block, 124, 12) == "00000001234" && field(block, 136, 12) == "01700000000")
    #expect(field(block, 156, 1) == "0" && field(block, 257, 6) == "ustar" && field(block, 263, 2) == "00")
    #expect(Int(field(block, 148, 6), radix: 8) == checksum(block))
  }

  @Test func `a directory has a slash at its end, and no content`() {
    let entry = TarWriter.Entry(path: "a/b", kind: .directory, modified: 1)
    let block = TarWriter.header(of: entry)[...]
    #expect(field(block, 0, 100) == "a/b/" && field(block, 156, 1) == "5" && field(block, 100, 8) == "0000755")
    #expect(field(block, 124, 12) == "00000000000")
  }

  @Test func `a path over 100 bytes is divided at a slash where that fits`() {
    let path = String(repeating: "d", count: 90) + "/" + String(repeating: "n", count: 90)
    let block = header(NameBytes(path))[...]
    #expect(block.count == 512)
    #expect(field(block, 0, 100) == String(repeating: "n", count: 90))
    #expect(field(block, 345, 155) == String(repeating: "d", count: 90))
  }

  @Test(arguments: [String(repeating: "n", count: 101), String(repeating: "dd/", count: 90) + "x", "ü"])
  func `a path that does not fit or is not ASCII has a pax record`(path: String) {
    let blocks = header(NameBytes(path), size: 1)
    #expect(blocks.count % 512 == 0)
    #expect(field(blocks[0..<512], 156, 1) == "x")
    let length = path.utf8.count + " path=\n".utf8.count
    let total = length + String(length + String(length).count).count
    #expect(String(decoding: blocks[512..<512 + total], as: UTF8.self) == "\(total) path=\(path)\n")
    #expect(
      field(blocks[0..<512], 124, 12) == String(repeating: "0", count: 11 - String(total, radix: 8).count)
        + String(total, radix: 8)
    )
    #expect(field(blocks.suffix(512), 156, 1) == "0" && field(blocks.suffix(512), 124, 12) == "00000000001")
  }

  @Test func `a record's length counts its own digits`() {
    // 92 bytes and the length: with two digits 94, a byte more 95 ... up to 99, then three digits make 101.
    for count in 80..<120 {
      let path = String(repeating: "ü", count: 1) + String(repeating: "a", count: count)
      let blocks = header(NameBytes(path))
      let text = String(decoding: blocks[512...], as: UTF8.self)
      let stated = Int(text.prefix { $0 != " " }) ?? 0
      #expect(Array(text.utf8)[stated - 1] == UInt8(ascii: "\n"), "\(count)")
      #expect(text.hasPrefix("\(stated) path=\(path)\n"), "\(count)")
    }
  }

  @Test func `a name that is not UTF-8 stays as it is, with a record only where it does not fit`() {
    let short = header(NameBytes([0xE9, 0xFF]))
    #expect(short.count == 512 && Array(short[0..<3]) == [0xE9, 0xFF, 0])
    let long = header(NameBytes([0xE9] + Array(repeating: UInt8(ascii: "a"), count: 120)))
    #expect(long[512...].starts(with: "21 hdrcharset=BINARY\n131 path=".utf8))
  }

  @Test func `a size from 8 GiB on and a time before 1970 have pax records`() {
    #expect(header("a", size: 8_589_934_591).count == 512)
    let large = header("a", size: 8_589_934_592)
    #expect(large[512...].starts(with: "19 size=8589934592\n".utf8))
    let early = header("a", modified: -5)
    #expect(early[512...].starts(with: "12 mtime=-5\n".utf8))
    #expect(field(early.suffix(512), 136, 12) == "00000000000")
  }

  @Test func `contents are padded to whole blocks, and two blocks of zeros end an archive`() {
    #expect([0, 1, 511, 512, 513].map { TarWriter.padding(after: $0) } == [0, 511, 1, 0, 511])
    #expect(TarWriter.end == [UInt8](repeating: 0, count: 1024))
  }
}
