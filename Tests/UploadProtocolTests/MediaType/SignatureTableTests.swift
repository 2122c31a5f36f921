import Testing
import UploadTestSupport

@testable import UploadProtocol

/// The search for a signature by the first byte of a file.
@Suite struct SignatureTableTests {
  /// Each table with the signatures that it has.
  private static let tables: [(table: SignatureTable, signatures: @Sendable (MediaTypeEntry) -> [BytePattern])] = [
    (StandardPatterns.scriptable, { $0.binary }), (StandardPatterns.media, { $0.binary }),
    (StandardPatterns.fonts, { $0.binary }), (StandardPatterns.archives, { $0.binary }),
    (MediaTypeTable.binary, { $0.binary }), (MediaTypeTable.texts, { $0.text }),
  ]

  /// The beginnings of files: bytes of signatures, at their offsets or elsewhere, within random ones.
  private func header(_ generator: inout SplitMix64) -> [UInt8] {
    let filler: [UInt8] = [0, 0x20, 0x0A, 0x41, 0xFF]
    let byte = filler.randomElement(using: &generator) ?? 0
    var header = [UInt8](repeating: byte, count: Int.random(in: 0..<600, using: &generator))
    let samples = [
      "%PDF-", "<?xml", "<HTML>", "<p ", "GIF89a", "BM", "ustar", "OTTO", "LP", "PK\u{3}\u{4}", "#!/bin/sh", "qoif",
      "!<arch>\n", "-----BEGIN ", "SQLite format 3\0", "fLaC", "OggS\0", "RIFF....WEBPVP", "MThd\0\0\0\u{6}", "ID3",
    ]
    for _ in 0..<Int.random(in: 0...3, using: &generator) {
      let bytes = Array((samples.randomElement(using: &generator) ?? "").utf8)
      let offset = [0, 1, 3, 34, 257].randomElement(using: &generator) ?? 0
      for (index, byte) in bytes.enumerated() where offset + index < header.count { header[offset + index] = byte }
    }
    if !header.isEmpty, Bool.random(using: &generator) { header[0] = .random(in: 0...255, using: &generator) }
    return header
  }

  @Test func `it finds the same as a search of all signatures in their order`() {
    var generator = SplitMix64(seed: 11)
    var found = 0
    for _ in 0..<20_000 {
      let header = header(&generator)
      for (table, signatures) in Self.tables {
        let all = table.entries.first { signatures($0).contains { $0.matches(header) } }?.type
        if all != nil { found += 1 }
        #expect(table.type(of: header) == all)
      }
    }
    #expect(found > 2000)
  }

  @Test(arguments: UInt8.min...UInt8.max)
  func `a signature begins with those bytes that its mask and whitespace allow`(byte: UInt8) {
    #expect(BytePattern("ab").mayBegin(with: byte) == (byte == 0x61))
    #expect(BytePattern("ab", at: 1).mayBegin(with: byte))
    #expect(BytePattern(hex: ".. 61").mayBegin(with: byte))
    let anyCase = BytePattern([0x41], mask: [0xDF], skipsWhitespace: true)
    #expect(anyCase.mayBegin(with: byte) == [0x41, 0x61, 0x20, 0x09, 0x0A, 0x0C, 0x0D].contains(byte))
  }
}
