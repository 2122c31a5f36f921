import Testing
import UploadTestSupport

@testable import UploadProtocol

@Suite struct MediaTypeSnifferTests {
  /// First bytes and their type; nil where they show no known type.
  private static let cases: [(bytes: [UInt8], type: String?)] = [
    (Array("%PDF-1.7\n".utf8), "application/pdf"), (Array(" \n<!doctype HTML>x".utf8), "text/html"),
    (Array("<p>x".utf8), "text/html"), (Array("<px>".utf8), "text/plain"), (Array("<!-- x".utf8), "text/html"),
    (Array("<?xml version='1.0'?><a/>".utf8), "text/xml"), (Array("<?xml?>\n<!-- > --><svg>".utf8), "image/svg+xml"),
    (Array("<svg viewBox='0'>".utf8), "image/svg+xml"), (Array("<svgx>".utf8), "text/plain"),
    ([0x89] + Array("PNG\r\n".utf8) + [0x1A, 0x0A], "image/png"), (Array("BM".utf8), "image/bmp"),
    ([0xFF, 0xD8, 0xFF], "image/jpeg"), ([0xFF, 0xD8], "text/plain"), ([0, 0, 1, 0], "image/x-icon"),
    (Array("RIFF1234WEBPVP".utf8), "image/webp"), (Array("RIFF1234WEBP".utf8), "text/plain"),
    (Array("OggS\0".utf8), "application/ogg"), ([0x1F, 0x8B, 8], "application/x-gzip"),
    ([0, 0, 0, 20] + Array("ftypisom\0\0\0\0mp42".utf8), "video/mp4"),
    ([0, 0, 0, 16] + Array("ftypheic\0\0\0\0".utf8), "image/heic"),
    ([0, 0, 0, 20] + Array("ftypmif1\0\0\0\0avif".utf8), "image/avif"),
    ([0, 0, 0, 16] + Array("ftypqt  \0\0\0\0".utf8), "video/quicktime"),
    ([0xFF, 0xFF, 0xFF, 0xFF] + Array("ftypxxxx\0\0\0\0".utf8), nil),
    ([0x1A, 0x45, 0xDF, 0xA3, 0x87, 0x42, 0x82, 0x84] + Array("webm".utf8), "video/webm"),
    ([0x1A, 0x45, 0xDF, 0xA3, 0x8B, 0x42, 0x82, 0x88] + Array("matroska".utf8), "video/matroska"),
    ([0x1A, 0x45, 0xDF, 0xA3, 0x8B, 0x42, 0x82, 0xFF] + Array("matroska".utf8), nil),
    (Array(repeating: 0, count: 34) + Array("LP".utf8), "application/vnd.ms-fontobject"),
    (Array(repeating: 0x61, count: 34) + Array("LP".utf8), "text/plain"),
    ([0x7F] + Array("ELF".utf8) + [2, 1, 1] + Array(repeating: 0, count: 9) + [3, 0], "application/x-sharedlib"),
    ([0x7F] + Array("ELF".utf8) + [2, 2, 1] + Array(repeating: 0, count: 9) + [0, 2], "application/x-executable"),
    (Array("MZ\0".utf8), "application/x-dosexec"), (Array("MZ is text".utf8), "text/plain"),
    ([0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 52], "application/java-vm"),
    ([0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 2], "application/x-mach-binary"),
    (Array("SQLite format 3\0".utf8), "application/vnd.sqlite3"),
    (Array("Rar!".utf8) + [0x1A, 7, 1], "application/vnd.rar"),
    (Array(repeating: 0, count: 257) + Array("ustar".utf8), "application/x-tar"),
    (Array("{\\rtf1".utf8), "application/rtf"), (Array("#!/usr/bin/env -S bash -e\n".utf8), "application/x-sh"),
    (Array("P6\n8 8 ".utf8), "image/x-portable-pixmap"), (Array("P6 is a processor".utf8), "text/plain"),
    (Array("Gr\u{FC}\u{DF}e".utf8), "text/plain"), ([0x47, 0x72, 0xFC, 0xDF, 0x65], "text/plain"),
    ([0xFF, 0xFE, 0x61, 0], "text/plain"), ([0xFE, 0xFF, 0, 0x61], "text/plain"), ([0x61, 0, 0x62, 0], nil),
    ([0xEF, 0xBB, 0xBF, 0x61], "text/plain"), ([], nil), ([0], nil), ([0x61], "text/plain"), ([0xFF], "text/plain"),
    ([1, 2, 3], nil),
  ]

  @Test(arguments: cases) func `a type is detected from the first bytes`(bytes: [UInt8], type: String?) {
    #expect(MediaTypeSniffer.type(of: bytes) == type, "\(bytes)")
  }

  @Test(arguments: cases) func `chunk boundaries do not change the detected type`(bytes: [UInt8], type: String?) {
    for chunks in SplitFeeder.ways(bytes) {
      var sniffer = MediaTypeSniffer()
      for chunk in chunks { _ = sniffer.append(chunk) }
      #expect(sniffer.finish() == type)
    }
  }

  @Test func `real first bytes followed by noise give the same type whole and in random chunks`() {
    var generator = SplitMix64(seed: 7)
    for _ in 0..<400 {
      // Real beginnings with noise behind them reach more code than noise alone.
      var bytes = Self.cases.randomElement(using: &generator)?.bytes ?? []
      bytes += (0..<Int.random(in: 0..<6000, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator)
      }
      let whole = MediaTypeSniffer.type(of: bytes)
      var sniffer = MediaTypeSniffer()
      for chunk in bytes.randomChunks(using: &generator) { _ = sniffer.append(chunk) }
      #expect(sniffer.finish() == whole)
    }
  }

  @Test func `the first 1445 bytes of a text decide its type`() {
    var sniffer = MediaTypeSniffer()
    let text = Array(repeating: UInt8(ascii: "a"), count: MediaTypeSniffer.standardLength)
    #expect(sniffer.append(text.dropLast()) == .needMore)
    #expect(sniffer.append([0x61]) == .known("text/plain"))
    // The standard ignores further bytes.
    #expect(sniffer.append([0]) == .known("text/plain"))
    #expect(MediaTypeSniffer.type(of: text + [0]) == "text/plain")
    #expect(MediaTypeSniffer.type(of: [0] + text) == nil)
  }

  @Test func `a disc image is detected by its mark behind 32 KiB`() {
    let disc = Array(repeating: UInt8(0), count: 32_769) + Array("CD001".utf8)
    for cut in [1, 1445, 32_768, 32_769, 32_771, 32_773] {
      var sniffer = MediaTypeSniffer()
      #expect(sniffer.append(disc[..<cut]) == .needMore)
      #expect(sniffer.append(disc[cut...]) == .known("application/x-iso9660-image"))
    }
    #expect(MediaTypeSniffer.type(of: disc.dropLast()) == nil)
    var sniffer = MediaTypeSniffer()
    #expect(sniffer.append(disc.dropLast(5)) == .needMore)
    #expect(sniffer.append([0x43, 0x45]) == .known(nil))
  }

  @Test func `every type with a signature, and each of the listed other types, has a file name extension`() {
    let standard = [
      StandardPatterns.scriptable, StandardPatterns.media, StandardPatterns.fonts, StandardPatterns.archives,
    ].flatMap(\.entries)
    let withSignatures = MediaTypeTable.entries.filter { !$0.binary.isEmpty || !$0.text.isEmpty }
    let others = [
      "video/mp4", "video/webm", "audio/mpeg", "video/quicktime", "image/heic", "image/heif", "image/avif", "audio/mp4",
      "video/3gpp", "video/3gpp2", "image/x-canon-cr3", "image/jp2", "image/jpx", "image/jpm", "image/jph", "video/mj2",
      "image/heic-sequence", "image/heif-sequence", "image/avci", "image/avcs", "video/x-m4v", "video/vnd.dvb.file",
      "image/x-eps", "audio/flac", "audio/ogg", "video/ogg", "video/matroska", "video/mp2t", "audio/aac",
      "application/x-dosexec", "application/x-sharedlib", "application/x-executable", "application/x-object",
      "application/x-coredump", "application/java-vm", "application/vnd.microsoft.portable-executable", "text/csv",
      "text/tab-separated-values", "application/json", "application/x-ndjson", "image/svg+xml", "application/x-sh",
      "text/x-python", "text/x-perl", "text/javascript", "application/epub+zip", "application/java-archive",
      "application/vnd.android.package-archive", "application/x-iso9660-image",
    ]
    for type in Set(standard.map(\.type) + others + withSignatures.map(\.type)) {
      #expect(MediaTypeNames.fileExtension(forType: type) != nil, "\(type)")
    }
    #expect(withSignatures.count >= 60)
  }

  @Test func `a signature is compared at its offset, and the first row that matches decides`() {
    #expect(BytePattern(hex: "52 .. 46", at: 1).matches([0, 0x52, 0xFF, 0x46]))
    #expect(!BytePattern(hex: "52 .. 46", at: 1).matches([0, 0x52, 0xFF]))
    #expect(!BytePattern(hex: "52 .. 46").matches([0x52, 0xFF, 0x47]))
    // An archive whose first file has the signature of an image is an archive.
    var tar = Array("qoif".utf8) + Array(repeating: 0, count: 600)
    tar.replaceSubrange(257..<262, with: Array("ustar".utf8))
    #expect(MediaTypeSniffer.type(of: tar) == "application/x-tar")
    // Signatures that begin with another one.
    let raw: [UInt8] = [0x49, 0x49, 0x2A, 0, 16, 0, 0, 0]
    #expect(MediaTypeSniffer.type(of: raw + Array("CR".utf8)) == "image/x-canon-cr2")
    #expect(MediaTypeSniffer.type(of: raw + [0, 0]) == "image/tiff")
    #expect(MediaTypeSniffer.type(of: Array("-----BEGIN PGP MESSAGE-----".utf8)) == "application/pgp-encrypted")
    #expect(MediaTypeSniffer.type(of: Array("-----BEGIN CERTIFICATE-----".utf8)) == "application/x-pem-file")
    #expect(MediaTypeSniffer.type(of: Array("!<arch>\ndebian-binary".utf8)) == "application/vnd.debian.binary-package")
    #expect(MediaTypeSniffer.type(of: Array("!<arch>\nfile".utf8)) == "application/x-archive")
  }

  @Test(arguments: [0x00, 0x7F, 0x80, 0xFF] as [UInt8])
  func `first bytes followed by extreme values for lengths and offsets do not trap`(filler: UInt8) {
    for (bytes, _) in Self.cases {
      for count in [1, 3, 4, 8, 27, 64, 600, 5000] {
        let file = bytes + Array(repeating: filler, count: count)
        var sniffer = MediaTypeSniffer()
        for chunk in SplitFeeder.pieces(file, of: 7) { _ = sniffer.append(chunk) }
        #expect(sniffer.finish() == MediaTypeSniffer.type(of: file))
      }
    }
  }

  @Test func `two frames are required to detect MP3`() {
    let frame: [UInt8] = [0xFF, 0xFB, 0x90, 0x00] + Array(repeating: 0, count: 413)
    #expect(MediaTypeSniffer.type(of: frame + frame) == "audio/mpeg")
    #expect(MediaTypeSniffer.type(of: frame + [0, 0, 0, 0]) == nil)
    #expect(MediaTypeSniffer.type(of: [0xFF, 0xFB, 0x90, 0x00]) == nil)
  }
}

extension MediaTypeSniffer {
  /// The type of a file that consists of `bytes`.
  static func type(of bytes: some Collection<UInt8>) -> String? {
    var sniffer = MediaTypeSniffer()
    _ = sniffer.append(bytes)
    return sniffer.finish()
  }
}
