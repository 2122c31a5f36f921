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
