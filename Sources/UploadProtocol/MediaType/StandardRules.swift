/// The rules for identifying an unknown MIME type of the WHATWG's MIME Sniffing standard (section 7.1), with its
/// sniff-scriptable flag set, so that HTML, XML and PDF are detected.
enum StandardRules {
  static let plainText = "text/plain"
  static let xml = "text/xml"
  static let html = "text/html"
  static let pdf = "application/pdf"
  static let zip = "application/zip"
  static let ogg = "application/ogg"
  static let mp3 = "audio/mpeg"
  static let mp4 = "video/mp4"
  static let postScript = "application/postscript"
  /// The type of bytes that are not text and that no rule identifies.
  static let binary = "application/octet-stream"

  /// The type of a file by its first 1,445 bytes, or all where it is shorter; `text/plain` or
  /// `application/octet-stream` where no signature matches.
  static func type(of header: [UInt8]) -> String {
    if let type = StandardPatterns.scriptable.type(of: header) { return type }
    if let type = StandardPatterns.media.type(of: header) { return type }
    if isMP4(header) { return mp4 }
    if Matroska.documentType(of: header) == "webm" { return "video/webm" }
    if MPEGAudioFrame.beginsTwo(header) == true { return mp3 }
    if let type = StandardPatterns.archives.type(of: header) { return type }
    return header.contains(where: isBinary) ? binary : plainText
  }

  /// Section 6.2.1: whether the first box is `ftyp`, lies within the header and names a brand that begins with `mp4`.
  private static func isMP4(_ header: [UInt8]) -> Bool {
    guard header.count >= 12, header.has("ftyp", at: 4), let size = header.number(4, at: 0), size <= header.count,
      size % 4 == 0
    else { return false }
    return header.has("mp4", at: 8) || stride(from: 16, to: size, by: 4).contains { header.has("mp4", at: $0) }
  }

  /// Whether a byte is one of the standard's binary data bytes.
  private static func isBinary(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x00...0x08, 0x0B, 0x0E...0x1A, 0x1C...0x1F: true
    default: false
    }
  }
}

/// The tables of the WHATWG's MIME Sniffing standard, in its order and with its names of types.
enum StandardPatterns {
  typealias Row = MediaTypeEntry

  /// Section 7.1: types that may run scripts.
  static let scriptable = table([
    Row(StandardRules.html, patterns: tags.flatMap(patterns)),
    Row(StandardRules.xml, patterns: [BytePattern("<?xml", skipsWhitespace: true)]),
    Row(StandardRules.pdf, bytes: "%PDF-"),
  ])

  /// Section 7.1, types that may not run scripts; sections 6.1 and 6.2, images and sounds that need no algorithm.
  static let media = table([
    Row(StandardRules.postScript, bytes: "%!PS-Adobe-"),
    Row(StandardRules.plainText, hex: "FE FF .. ..", "FF FE .. ..", "EF BB BF .."),
    Row("image/x-icon", hex: "00 00 01 00", "00 00 02 00"),
    Row("image/bmp", bytes: "BM"),
    Row("image/gif", bytes: "GIF87a", "GIF89a"),
    Row("image/webp", hex: "52 49 46 46 .. .. .. .. 57 45 42 50 56 50"),
    Row("image/png", hex: "89 50 4E 47 0D 0A 1A 0A"),
    Row("image/jpeg", hex: "FF D8 FF"),
    Row("audio/basic", bytes: ".snd"),
    Row("audio/aiff", hex: "46 4F 52 4D .. .. .. .. 41 49 46 46"),
    Row(StandardRules.mp3, bytes: "ID3"),
    Row(StandardRules.ogg, hex: "4F 67 67 53 00"),
    Row("audio/midi", hex: "4D 54 68 64 00 00 00 06"),
    Row("video/avi", hex: "52 49 46 46 .. .. .. .. 41 56 49 20"),
    Row("audio/wave", hex: "52 49 46 46 .. .. .. .. 57 41 56 45"),
  ])

  /// Section 6.3: fonts. The rules for unknown types do not use this table, since any text with the letters `LP` at
  /// offset 34 would be a font; here it is used last, and only for bytes that are not text.
  static let fonts = table([
    Row("application/vnd.ms-fontobject", bytes: "LP", at: 34),
    Row("font/ttf", hex: "00 01 00 00"),
    Row("font/otf", bytes: "OTTO"),
    Row("font/collection", bytes: "ttcf"),
    Row("application/font-woff", bytes: "wOFF"),
  ])

  /// Section 6.4: archives.
  static let archives = table([
    Row("application/x-gzip", hex: "1F 8B 08"),
    Row(StandardRules.zip, hex: "50 4B 03 04"),
    Row("application/x-rar-compressed", hex: "52 61 72 20 1A 07 00"),
  ])

  private static func table(_ rows: [Row]) -> SignatureTable { SignatureTable(rows, \.binary) }

  /// The tags of HTML that the standard recognizes.
  private static let tags = [
    "!DOCTYPE HTML", "HTML", "HEAD", "SCRIPT", "IFRAME", "H1", "DIV", "FONT", "TABLE", "A", "STYLE", "TITLE", "B",
    "BODY", "BR", "P", "!--",
  ]

  /// The patterns of `<TAG` in any letter case, after whitespace, with either byte that may end a tag's name.
  private static func patterns(ofTag tag: String) -> [BytePattern] {
    [ASCII.space, UInt8(ascii: ">")].map { end in
      let bytes = Array("<\(tag)".utf8) + [end]
      let mask: [UInt8] = bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? 0xDF : 0xFF }
      return BytePattern(bytes, mask: mask, skipsWhitespace: true)
    }
  }
}
