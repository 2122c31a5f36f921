/// Types that the standard does not know, recognized by ``SignatureTable`` and by a few rules that take more than a pattern.
enum Signatures {
  /// The type of bytes that are no text; nil when none fits.
  static func type(of header: [UInt8]) -> String? {
    SignatureTable.binary.type(of: header) ?? textType(of: header)
      ?? (TarHeader.begins(header) ? "application/x-tar" : nil)
      ?? ISOBaseMedia.type(of: header)
      ?? program(header)
      ?? matroska(header)
      ?? transport(header)
      ?? portableImage(header)
      ?? markup(behindNULs: header)
  }

  /// The type of bytes that are text to the standard: signatures that no ordinary text begins with.
  static func textType(of header: [UInt8]) -> String? {
    SignatureTable.text.type(of: header) ?? script(header) ?? portableImage(header) ?? postScript(header)
  }

  // MARK: Documents

  /// HTML behind NUL bytes, which the standard takes for binary data. A parser of HTML ignores them (HTML, section
  /// 13.2.5.1), so that whatever calls such a file HTML makes a browser run it.
  private static func markup(behindNULs header: [UInt8]) -> String? {
    guard header.first == 0 else { return nil }
    let rest = Array(header.drop { $0 == 0 || BytePattern.isWhitespace($0) })
    return StandardPatterns.scriptable.type(of: rest) == StandardRules.html ? StandardRules.html : nil
  }

  /// PostScript by the two bytes that every printer knows it by, perhaps behind an end of transmission. A comment that
  /// names a TeX program begins with them as well.
  static func postScript(_ header: [UInt8]) -> String? {
    let line = header.drop { $0 == 4 }.prefix { $0 != ASCII.lineFeed && $0 != ASCII.carriageReturn }
    guard line.starts(with: "%!".utf8), !line.dropFirst(2).prefix(3).equalsIgnoringCase("tex") else { return nil }
    return Array(line).firstRange(of: Array(" EPSF-".utf8)) == nil ? StandardRules.postScript : "image/x-eps"
  }

  // MARK: Programs

  private static func program(_ header: [UInt8]) -> String? {
    if header.has("\u{7F}ELF", at: 0) { return executable(header) }
    if header.has("MZ", at: 0) {
      let start = header.number(4, at: 0x3C, bigEndian: false) ?? 0
      return header.has("PE\0\0", at: start)
        ? "application/vnd.microsoft.portable-executable" : "application/x-dosexec"
    }
    // Java and Apple chose the same four bytes; no class file has so low a version, no program so many parts.
    guard header.number(4, at: 0, bigEndian: true) == 0xCAFE_BABE else { return nil }
    guard let version = header.number(4, at: 4, bigEndian: true) else { return nil }
    return version & 0xFFFF < 43 ? "application/x-mach-binary" : "application/java-vm"
  }

  /// The kinds of ELF files (e_type).
  private static func executable(_ header: [UInt8]) -> String? {
    switch header.number(2, at: 16, bigEndian: header.dropFirst(5).first == 2) {
    case 1: "application/x-object"
    case 2: "application/x-executable"
    case 3: "application/x-sharedlib"
    case 4: "application/x-coredump"
    default: nil
    }
  }

  // MARK: Media

  private static func matroska(_ header: [UInt8]) -> String? {
    Matroska.documentType(of: header) == "matroska" ? "video/matroska" : nil
  }

  /// Packets of 188 bytes (ISO/IEC 13818-1), or frames of AAC: each has a next one.
  private static func transport(_ header: [UInt8]) -> String? {
    if [0, 188, 376].allSatisfy({ header.dropFirst($0).first == 0x47 }) { return "video/mp2t" }
    return ADTSFrame.beginsTwo(header) == true ? "audio/aac" : nil
  }

  /// PBM, PGM and PPM: `P1` to `P6`, whitespace, and a number or a comment.
  private static func portableImage(_ header: [UInt8]) -> String? {
    guard header.count >= 4, header[0] == UInt8(ascii: "P"), BytePattern.isWhitespace(header[2]),
      ASCII.isDigit(header[3]) || header[3] == UInt8(ascii: "#")
    else { return nil }
    switch header[1] {
    case UInt8(ascii: "1"), UInt8(ascii: "4"): return "image/x-portable-bitmap"
    case UInt8(ascii: "2"), UInt8(ascii: "5"): return "image/x-portable-graymap"
    case UInt8(ascii: "3"), UInt8(ascii: "6"): return "image/x-portable-pixmap"
    default: return nil
    }
  }

  // MARK: Scripts

  /// A first line that names the program to run it with.
  private static func script(_ header: [UInt8]) -> String? {
    guard header.has("#!", at: 0) else { return nil }
    let line = header.dropFirst(2).prefix { $0 != ASCII.lineFeed && $0 != ASCII.carriageReturn }
    let words = line.split { ASCII.isBlank($0) || $0 == UInt8(ascii: "/") }.map(\.repairedText)
    if words.contains(where: { ["sh", "bash", "dash", "ksh", "zsh"].contains($0) }) { return "application/x-sh" }
    if words.contains(where: { $0.hasPrefix("python") }) { return "text/x-python" }
    if words.contains(where: { $0.hasPrefix("perl") }) { return "text/x-perl" }
    return words.contains("node") ? "text/javascript" : nil
  }
}

/// The header of a tar archive without the mark of later formats, as Unix version 7 wrote it: recognized by its checksum.
enum TarHeader {
  private static let length = 512
  /// Where the checksum is: octal digits, blanks before or behind them.
  private static let checksum = 148..<156

  /// Whether a file begins with one that has a name and whose checksum is right.
  static func begins(_ header: [UInt8]) -> Bool {
    guard header.count >= length, header[0] != 0 else { return false }
    let field = header[checksum].drop { $0 == ASCII.space }.prefix { $0 >= 0x30 && $0 <= 0x37 }
    guard !field.isEmpty else { return false }
    let stated = field.reduce(0) { $0 << 3 | Int($1 - 0x30) }
    // Counted as if the field itself were blank.
    let rest = header[..<checksum.lowerBound] + header[checksum.upperBound..<length]
    let blanks = checksum.count * Int(ASCII.space)
    // Some old programs took the bytes for signed.
    return stated == rest.reduce(blanks) { $0 + Int($1) }
      || stated == rest.reduce(blanks) { $0 + Int(Int8(bitPattern: $1)) }
  }
}
