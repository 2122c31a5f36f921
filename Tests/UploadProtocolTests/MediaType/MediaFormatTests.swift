import Testing
import UploadTestSupport

@testable import UploadProtocol

/// Formats that the standard does not know or detects as others.
@Suite struct MediaFormatTests {
  private struct Sample: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let type: String?

    var testDescription: String { name }
  }

  private static let noise = SplitMix64.bytes(3000, seed: 35)

  private static func bigEndian(_ number: Int, _ length: Int = 4) -> [UInt8] {
    (0..<length).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  private static func box(_ brand: String, _ others: String...) -> [UInt8] {
    bigEndian(16 + 4 * others.count) + Array("ftyp\(brand)".utf8) + [0, 0, 0, 0] + others.flatMap { Array($0.utf8) }
  }

  /// An ID3 tag with `length` bytes in it.
  private static func tag(_ length: Int, footer: Bool = false) -> [UInt8] {
    let size = [21, 14, 7, 0].map { UInt8(length >> $0 & 0x7F) }
    let end: [UInt8] = footer ? Array("3DI".utf8) + [4, 0, 0x10] + size : []
    return Array("ID3".utf8) + [4, 0, footer ? 0x10 : 0] + size + Array(repeating: 0xFF, count: length) + end
  }

  private static func page(_ packet: [UInt8], isFirst: Bool = true) -> [UInt8] {
    Array("OggS".utf8) + [0, isFirst ? 2 : 0] + Array(repeating: 7, count: 20) + [1, UInt8(packet.count)] + packet
  }

  private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

  private static func utf16(_ text: String, isBigEndian: Bool) -> [UInt8] {
    "\u{FEFF}\(text)".utf16.flatMap { unit in
      let bytes = bigEndian(Int(unit), 2)
      return isBigEndian ? bytes : bytes.reversed()
    }
  }

  private static let adts: [UInt8] = [0xFF, 0xF1, 0x50, 0x80, 0x0C, 0x9F, 0xFC]
  private static let jpeg2000 = bigEndian(12) + text("jP  \r\n") + [0x87, 0x0A]
  private static let flac = text("fLaC") + [0, 0, 0, 0x22, 0x10, 0, 0x10, 0]

  private static let brands: [Sample] = [
    ("isom", "video/mp4"), ("iso2", "video/mp4"), ("iso9", "video/mp4"), ("mp41", "video/mp4"), ("mp42", "video/mp4"),
    ("avc1", "video/mp4"), ("dash", "video/mp4"), ("cmfc", "video/mp4"), ("piff", "video/mp4"), ("NDSC", "video/mp4"),
    ("MSNV", "video/mp4"), ("M4A ", "audio/mp4"), ("M4B ", "audio/mp4"), ("M4P ", "audio/mp4"), ("F4A ", "audio/mp4"),
    ("F4V ", "video/mp4"), ("M4V ", "video/x-m4v"), ("M4VH", "video/x-m4v"), ("qt  ", "video/quicktime"),
    ("3gp5", "video/3gpp"), ("3gr6", "video/3gpp"), ("3g2a", "video/3gpp2"), ("KDDI", "video/3gpp2"),
    ("heic", "image/heic"), ("heix", "image/heic"), ("hevc", "image/heic-sequence"), ("mif1", "image/heif"),
    ("msf1", "image/heif-sequence"), ("avif", "image/avif"), ("avis", "image/avif"), ("avci", "image/avci"),
    ("crx ", "image/x-canon-cr3"), ("dvr1", "video/vnd.dvb.file"), ("what", nil),
  ].map { brand, type in Sample(name: "ftyp \(brand)", bytes: box(brand, "\0\0\0\0") + noise, type: type) }

  private static let samples: [Sample] =
    brands + [
      Sample(name: "M4A with mp42", bytes: box("M4A ", "M4A ", "mp42", "isom") + noise, type: "audio/mp4"),
      Sample(name: "HEIF that is AVIF", bytes: box("mif1", "miaf", "avif") + noise, type: "image/avif"),
      Sample(name: "HEIF with a brand of MP4", bytes: box("mif1", "iso8", "mp41") + noise, type: "image/heif"),
      Sample(name: "HEIC with a brand of MP4", bytes: box("msf1", "iso8", "hevc") + noise, type: "image/heic-sequence"),
      Sample(name: "unknown brand of MP4", bytes: box("what", "mp42") + noise, type: "video/mp4"),
      Sample(name: "JPEG 2000", bytes: jpeg2000 + box("jp2 ", "jp2 ") + noise, type: "image/jp2"),
      Sample(name: "JPEG 2000 part 2", bytes: jpeg2000 + box("jpx ", "jp2 ") + noise, type: "image/jpx"),
      Sample(name: "JPEG 2000 part 6", bytes: jpeg2000 + box("jpm ", "jp2 ") + noise, type: "image/jpm"),
      Sample(name: "Motion JPEG 2000", bytes: jpeg2000 + box("mjp2", "mjp2") + noise, type: "video/mj2"),
      Sample(name: "Motion JPEG 2000, simple", bytes: jpeg2000 + box("mj2s") + noise, type: "video/mj2"),
      Sample(name: "JPEG 2000 codestream", bytes: [0xFF, 0x4F, 0xFF, 0x51, 0] + noise, type: "image/j2c"),

      Sample(name: "FLAC behind a tag", bytes: tag(20) + flac + noise, type: "audio/flac"),
      Sample(name: "FLAC behind a tag with cover art", bytes: tag(70_000) + flac + noise, type: "audio/flac"),
      Sample(name: "AAC behind a tag", bytes: tag(20) + adts + noise, type: "audio/aac"),
      Sample(name: "AAC behind a tag with a footer", bytes: tag(2000, footer: true) + adts + noise, type: "audio/aac"),
      Sample(name: "MP3 behind a tag", bytes: tag(20) + [0xFF, 0xFB, 0x90, 0] + noise, type: "audio/mpeg"),
      Sample(name: "a tag alone", bytes: tag(20), type: "audio/mpeg"),
      Sample(name: "an incomplete tag", bytes: Array(tag(2000).prefix(900)), type: "audio/mpeg"),
      Sample(name: "a tag's first bytes", bytes: text("ID3\u{4}"), type: "audio/mpeg"),

      Sample(name: "Vorbis", bytes: page(text("\u{1}vorbis\0\0\0\0")) + noise, type: "audio/ogg"),
      Sample(name: "Opus", bytes: page(text("OpusHead\u{1}")) + noise, type: "audio/ogg"),
      Sample(name: "FLAC in Ogg", bytes: page(text("\u{7F}FLAC\u{1}")) + noise, type: "audio/ogg"),
      Sample(name: "Speex", bytes: page(text("Speex   1.2")) + noise, type: "audio/ogg"),
      Sample(name: "Theora", bytes: page([0x80] + text("theora")) + noise, type: "video/ogg"),
      Sample(
        name: "Theora behind Vorbis",
        bytes: page(text("\u{1}vorbis")) + page([0x80] + text("theora")) + noise,
        type: "video/ogg"
      ),
      Sample(
        name: "Vorbis behind Skeleton",
        bytes: page(text("fishead\0")) + page(text("\u{1}vorbis")) + page([3], isFirst: false) + noise,
        type: "audio/ogg"
      ),
      Sample(name: "Skeleton alone", bytes: page(text("fishead\0")) + noise, type: "video/ogg"),
      Sample(name: "another Ogg", bytes: page(text("whatever")) + noise, type: "application/ogg"),

      Sample(name: "PostScript", bytes: text("%!PS-Adobe-3.0\n%%Pages: 1\n"), type: "application/postscript"),
      Sample(name: "plain PostScript", bytes: text("%!\n/Times findfont\n"), type: "application/postscript"),
      Sample(name: "PostScript to a printer", bytes: text("\u{4}%!PS\n"), type: "application/postscript"),
      Sample(name: "EPS", bytes: text("%!PS-Adobe-3.0 EPSF-3.0\n"), type: "image/x-eps"),
      Sample(name: "EPS with a preview", bytes: [0xC5, 0xD0, 0xD3, 0xC6, 32, 0, 0, 0] + noise, type: "image/x-eps"),
      Sample(name: "LaTeX", bytes: text("%!TEX program = xelatex\n\\documentclass{book}\n"), type: "text/plain"),

      Sample(name: "XML with a mark", bytes: text("\u{FEFF}<?xml version='1.0'?><a/>"), type: "text/xml"),
      Sample(name: "XML, little endian", bytes: utf16("<?xml?><a/>", isBigEndian: false), type: "text/xml"),
      Sample(name: "XML, big endian", bytes: utf16("<?xml?><a/>", isBigEndian: true), type: "text/xml"),
      Sample(name: "SVG with a mark", bytes: text("\u{FEFF}<?xml?>\n<svg>"), type: "image/svg+xml"),
      Sample(name: "SVG, little endian", bytes: utf16("<svg >", isBigEndian: false), type: "image/svg+xml"),
      Sample(name: "HTML with a mark", bytes: text("\u{FEFF}\n<html>"), type: "text/html"),
      Sample(name: "HTML, big endian", bytes: utf16("<!doctype html>", isBigEndian: true), type: "text/html"),
      Sample(name: "text, big endian", bytes: utf16("Grüße", isBigEndian: true), type: "text/plain"),
      Sample(name: "JSON with a mark", bytes: text("\u{FEFF}{\"a\": 1}"), type: "application/json"),
      Sample(name: "HTML behind NULs", bytes: text("\0\0 <script>x"), type: "text/html"),
      Sample(name: "XML behind NULs", bytes: text("\0<?xml?>"), type: nil),
    ]

  @Test(arguments: samples) private func `a format is detected from its bytes`(sample: Sample) {
    #expect(MediaTypeSniffer.type(of: sample.bytes) == sample.type)
  }

  @Test(arguments: samples) private func `chunk boundaries do not change the detected format`(sample: Sample) {
    // All bytes that matter are at the beginning or behind a tag.
    let bytes = sample.bytes
    for chunks in [
      SplitFeeder.pieces(bytes, of: 1), SplitFeeder.pieces(bytes, of: 7), SplitFeeder.pieces(bytes, of: 1445),
    ] {
      #expect(type(of: chunks) == sample.type)
    }
    for split in Array(0...60) + [1444, 1445, 1446, max(0, bytes.count - 3005)] where split <= bytes.count {
      #expect(type(of: [Array(bytes[..<split]), Array(bytes[split...])]) == sample.type, "\(split)")
    }
  }

  @Test(arguments: samples) private func `at most 36 KiB of a file are read, and the content of a tag is skipped`(
    sample: Sample
  ) {
    var bytesRead = 0
    let type = MediaTypeSniffer.type { offset, count in
      let bytes = Array(sample.bytes.dropFirst(offset).prefix(count))
      bytesRead += bytes.count
      return bytes
    }
    #expect(type == sample.type)
    #expect(bytesRead <= 9 * 4096, "a tag is skipped")
  }

  private func type(of chunks: [[UInt8]]) -> String? {
    var sniffer = MediaTypeSniffer()
    for chunk in chunks { _ = sniffer.append(chunk) }
    return sniffer.finish()
  }

  @Test func `two MPEG audio frames of any version, layer, bit rate and sampling frequency are detected as audio`() {
    var count = 0
    // Version and layer; bit rate, frequency and padding; no checksum.
    for head in 0..<(1 << 11) {
      let word = 0xFFE1_0000 | (head >> 7) << 17 | (head & 0x7F) << 9
      guard let frame = MPEGAudioFrame(Self.bigEndian(word), at: 0) else { continue }
      count += 1
      let bytes = Self.bigEndian(word) + Array(repeating: 0, count: frame.length - 4)
      #expect((24...2881).contains(frame.length))
      #expect(frame.length + 4 <= MediaTypeSniffer.framesLength)
      #expect(MediaTypeSniffer.type(of: bytes + bytes) == "audio/mpeg")
      #expect(MediaTypeSniffer.type(of: bytes + Self.noise.map { $0 & 0x7F }) == nil)
    }
    #expect(count == 3 * 3 * 14 * 3 * 2)
  }

  @Test(arguments: [
    // Lengths from ISO/IEC 11172-3 and 13818-3: MP3 and MP2 at 44.1 kHz, layer I, MPEG-2 and 2.5.
    (0xFFFB_9000, 417), (0xFFFB_9200, 418), (0xFFFD_9000, 522), (0xFFFD_E800, 1728), (0xFFFF_9000, 312),
    (0xFFFF_9200, 316),
    (0xFFF3_8000, 208), (0xFFF5_8000, 417), (0xFFE3_8000, 417),
  ])
  func `the length of an MPEG audio frame follows from its header`(word: Int, length: Int) {
    #expect(MPEGAudioFrame(Self.bigEndian(word), at: 0)?.length == length)
  }

  @Test(arguments: [0xFFFB_0000, 0xFFFB_F000, 0xFFFB_9C00, 0xFFF9_9000, 0xFFEB_9000, 0xFFDB_9000])
  func `an MPEG audio header with reserved values or of free format is not a frame`(word: Int) {
    #expect(MPEGAudioFrame(Self.bigEndian(word), at: 0) == nil)
  }

  @Test func `two MPEG audio frames are detected if only their bit rates differ`() {
    let first = Self.bigEndian(0xFFFB_9000) + Array(repeating: 0, count: 413)
    #expect(MediaTypeSniffer.type(of: first + Self.bigEndian(0xFFFB_A000)) == "audio/mpeg", "the bit rate may change")
    #expect(MediaTypeSniffer.type(of: first + Self.bigEndian(0xFFFB_9400)) == nil)
    #expect(MediaTypeSniffer.type(of: first + Self.bigEndian(0xFFFD_9000)) == nil)
  }

  @Test func `a tar archive of version 7 is detected by its checksum`() {
    var header = Array("a.txt".utf8) + Array(repeating: 0, count: 507)
    header.replaceSubrange(100..<108, with: Array("0000644\0".utf8))
    header.replaceSubrange(124..<136, with: Array("00000000005\0".utf8))
    header.replaceSubrange(148..<156, with: Array("        ".utf8))
    let sum = header.reduce(0) { $0 + Int($1) }
    for field in ["0\(String(sum, radix: 8))\0 ", " \(String(sum, radix: 8)) \0"] {
      let digits = Array(field.utf8)
      var tar = header
      tar.replaceSubrange(148..<156, with: (Array(repeating: 0x20, count: 8) + digits).suffix(8))
      if field.hasPrefix("0") { tar.replaceSubrange(148..<156, with: (Array("00".utf8) + digits).suffix(8)) }
      #expect(MediaTypeSniffer.type(of: tar + Self.noise) == "application/x-tar", "\(field)")
      #expect(MediaTypeSniffer.type(of: tar) == "application/x-tar")
      #expect(MediaTypeSniffer.type(of: Array(tar.dropLast())) == nil)
      tar[200] ^= 1
      #expect(MediaTypeSniffer.type(of: tar + Self.noise) == nil)
    }
    #expect(MediaTypeSniffer.type(of: Array(repeating: 0, count: 512)) == nil)
  }

  @Test func `a file with altered bytes has the same type whole, in chunks and when it is read with skips`() {
    var generator = SplitMix64(seed: 1235)
    for _ in 0..<600 {
      var bytes = Self.samples.randomElement(using: &generator)?.bytes.prefix(1600).map { $0 } ?? []
      for _ in 0..<Int.random(in: 0..<4, using: &generator) where !bytes.isEmpty {
        bytes[Int.random(in: 0..<min(40, bytes.count), using: &generator)] = UInt8.random(
          in: 0...255,
          using: &generator
        )
      }
      bytes += Self.noise.prefix(Int.random(in: 0...3000, using: &generator))
      let whole = MediaTypeSniffer.type(of: bytes)
      #expect(type(of: SplitFeeder.pieces(bytes, of: Int.random(in: 1..<2000, using: &generator))) == whole)
      let read = MediaTypeSniffer.type { offset, count in Array(bytes.dropFirst(offset).prefix(count)) }
      #expect(read == whole)
    }
  }
}
