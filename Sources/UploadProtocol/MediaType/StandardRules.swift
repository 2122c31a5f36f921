/// The rules for identifying an unknown MIME type of the WHATWG's MIME Sniffing standard (section 7.1), scriptable types
/// included: what they say is only reported.
enum StandardRules {
  static let plainText = "text/plain"
  static let xml = "text/xml"
  static let html = "text/html"
  static let zip = "application/zip"
  static let ogg = "application/ogg"
  static let mp4 = "video/mp4"
  static let postScript = "application/postscript"
  /// Bytes that are no text, and that no rule knows.
  static let binary = "application/octet-stream"

  /// The type of a file that begins with `header`, its first 1,445 bytes or all of it.
  static func type(of header: [UInt8]) -> String {
    if let type = StandardPatterns.scriptable.type(of: header) { return type }
    if let type = StandardPatterns.unscriptable.type(of: header) { return type }
    if let type = StandardPatterns.images.type(of: header) { return type }
    if let type = StandardPatterns.sounds.type(of: header) { return type }
    if isMP4(header) { return mp4 }
    if Matroska.documentType(of: header) == "webm" { return "video/webm" }
    if MPEGAudioFrame.beginsTwo(header) == true { return TaggedAudio.mp3 }
    if let type = StandardPatterns.archives.type(of: header) { return type }
    return header.contains(where: isBinary) ? binary : plainText
  }

  /// Section 6.2.1: a first box `ftyp` that names a brand `mp4`.
  private static func isMP4(_ header: [UInt8]) -> Bool {
    guard let size = header.boxSize, header.has("ftyp", at: 4) else { return false }
    return header.has("mp4", at: 8) || stride(from: 16, to: size, by: 4).contains { header.has("mp4", at: $0) }
  }

  /// The standard's binary data bytes.
  private static func isBinary(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x00...0x08, 0x0B, 0x0E...0x1A, 0x1C...0x1F: true
    default: false
    }
  }
}

/// The tables of the WHATWG's MIME Sniffing standard, in its order and with its names of types.
enum StandardPatterns {
  /// Section 7.1: types that may run scripts.
  static let scriptable: [BytePattern] =
    ["!DOCTYPE HTML", "HTML", "HEAD", "SCRIPT", "IFRAME", "H1", "DIV", "FONT", "TABLE", "A", "STYLE", "TITLE", "B"]
    .flatMap(tag) + ["BODY", "BR", "P", "!--"].flatMap(tag) + [
      BytePattern(StandardRules.xml, "<?xml", skipsWhitespace: true),
      BytePattern("application/pdf", "%PDF-"),
    ]

  /// Section 7.1: types that may not.
  static let unscriptable = [
    BytePattern(StandardRules.postScript, "%!PS-Adobe-"),
    BytePattern(StandardRules.plainText, hex: "FE FF .. .."),
    BytePattern(StandardRules.plainText, hex: "FF FE .. .."),
    BytePattern(StandardRules.plainText, hex: "EF BB BF .."),
  ]

  /// Section 6.1.
  static let images = [
    BytePattern("image/x-icon", hex: "00 00 01 00"),
    BytePattern("image/x-icon", hex: "00 00 02 00"),
    BytePattern("image/bmp", "BM"),
    BytePattern("image/gif", "GIF87a"),
    BytePattern("image/gif", "GIF89a"),
    BytePattern("image/webp", hex: "52 49 46 46 .. .. .. .. 57 45 42 50 56 50"),
    BytePattern("image/png", hex: "89 50 4E 47 0D 0A 1A 0A"),
    BytePattern("image/jpeg", hex: "FF D8 FF"),
  ]

  /// Section 6.2, before its three algorithms.
  static let sounds = [
    BytePattern("audio/basic", ".snd"),
    BytePattern("audio/aiff", hex: "46 4F 52 4D .. .. .. .. 41 49 46 46"),
    BytePattern("audio/mpeg", "ID3"),
    BytePattern(StandardRules.ogg, hex: "4F 67 67 53 00"),
    BytePattern("audio/midi", hex: "4D 54 68 64 00 00 00 06"),
    BytePattern("video/avi", hex: "52 49 46 46 .. .. .. .. 41 56 49 20"),
    BytePattern("audio/wave", hex: "52 49 46 46 .. .. .. .. 57 41 56 45"),
  ]

  /// Section 6.3. The rules for unknown types do not ask this table, since two letters in the 35th place of any text
  /// would be a font; here it is asked last, and only about bytes that are no text.
  static let fonts = [
    BytePattern("application/vnd.ms-fontobject", "LP", at: 34),
    BytePattern("font/ttf", hex: "00 01 00 00"),
    BytePattern("font/otf", "OTTO"),
    BytePattern("font/collection", "ttcf"),
    BytePattern("application/font-woff", "wOFF"),
  ]

  /// Section 6.4.
  static let archives = [
    BytePattern("application/x-gzip", hex: "1F 8B 08"),
    BytePattern(StandardRules.zip, hex: "50 4B 03 04"),
    BytePattern("application/x-rar-compressed", hex: "52 61 72 20 1A 07 00"),
  ]

  /// `<NAME` in any case, behind whitespace, with one of the two bytes that end a tag's name.
  private static func tag(_ name: String) -> [BytePattern] {
    [ASCII.space, UInt8(ascii: ">")].map { end in
      let text = Array("<\(name)".utf8) + [end]
      let mask = text.map { byte in byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? 0xDF : 0xFF as UInt8 }
      return BytePattern("text/html", bytes: text, mask: mask, skipsWhitespace: true)
    }
  }
}
