import Basics

/// Types that the standard does not identify: by the signatures of ``MediaTypeTable`` and by rules that a pattern
/// cannot express.
enum Signatures {
  /// The type of a file that begins with `header` and that the standard calls binary; nil where no rule matches.
  static func type(of header: [UInt8]) -> String? {
    if let type = MediaTypeTable.binary.type(of: header) ?? textType(of: header) { return type }
    if isTar(header) { return "application/x-tar" }
    if let type = ISOBaseMedia.type(of: header) ?? program(header) { return type }
    if Matroska.documentType(of: header) == "matroska" { return "video/matroska" }
    return transport(header) ?? portableImage(header) ?? markup(behindNULs: header)
  }

  /// The type of a file that the standard calls text, by a beginning that ordinary text does not have; nil where no
  /// rule matches.
  static func textType(of header: [UInt8]) -> String? {
    MediaTypeTable.texts.type(of: header) ?? script(header) ?? portableImage(header) ?? postScript(header)
  }

  /// The bytes before the first CR or LF; all where there is none.
  private static func firstLine(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    bytes.prefix { $0 != ASCII.lineFeed && $0 != ASCII.carriageReturn }
  }

  // MARK: Documents

  /// `text/html` for HTML behind NUL bytes, which the standard calls binary data; nil for others. HTML parsers ignore
  /// the NULs (HTML, section 13.2.5.1), so a browser that is told that the file is HTML runs its scripts.
  private static func markup(behindNULs header: [UInt8]) -> String? {
    guard header.first == 0 else { return nil }
    let rest = Array(header.drop { $0 == 0 || BytePattern.isWhitespace($0) })
    return StandardPatterns.scriptable.type(of: rest) == StandardRules.html ? StandardRules.html : nil
  }

  /// `application/postscript` or `image/x-eps` for a file that begins with `%!`, perhaps behind ends of transmission
  /// (0x04); nil for others, and for TeX sources, which may begin with `%!TeX`.
  static func postScript(_ header: [UInt8]) -> String? {
    let start = header.drop { $0 == 4 }
    guard start.starts(with: "%!".utf8) else { return nil }
    let line = firstLine(start)
    guard !line.dropFirst(2).prefix(3).equalsIgnoringCase("tex") else { return nil }
    return line.containsBytes(" EPSF-".utf8) ? "image/x-eps" : StandardRules.postScript
  }

  // MARK: Programs

  private static func program(_ header: [UInt8]) -> String? {
    if header.has("\u{7F}ELF", at: 0) { return executable(header) }
    if header.has("MZ", at: 0) {
      let start = header.number(4, at: 0x3C, bigEndian: false) ?? 0
      return header.has("PE\0\0", at: start)
        ? "application/vnd.microsoft.portable-executable" : "application/x-dosexec"
    }
    // Java and Apple use the same four bytes. Two bytes of the next number are the version in a class file, always over
    // 43, and the number of architectures in an Apple program, always fewer.
    guard header.number(4, at: 0) == 0xCAFE_BABE, let version = header.number(4, at: 4) else { return nil }
    return version & 0xFFFF < 43 ? "application/x-mach-binary" : "application/java-vm"
  }

  /// The type of an ELF file by the field e_type; nil for unknown values.
  private static func executable(_ header: [UInt8]) -> String? {
    let types = [
      "application/x-object", "application/x-executable", "application/x-sharedlib", "application/x-coredump",
    ]
    let kind = header.number(2, at: 16, bigEndian: header.dropFirst(5).first == 2) ?? 0
    return (1...types.count).contains(kind) ? types[kind - 1] : nil
  }

  // MARK: Media

  /// An MPEG transport stream by the first bytes of three packets of 188 bytes (ISO/IEC 13818-1), or AAC by two frames
  /// or one that is all of `header`; nil for others.
  private static func transport(_ header: [UInt8]) -> String? {
    if [0, 188, 376].allSatisfy({ header.dropFirst($0).first == 0x47 }) { return "video/mp2t" }
    return ADTSFrame.beginsTwo(header) == true ? "audio/aac" : nil
  }

  /// The type of PBM, PGM and PPM: `P1` to `P6`, one whitespace byte, then a digit or `#`; nil for others.
  private static func portableImage(_ header: [UInt8]) -> String? {
    let one = UInt8(ascii: "1")
    guard header.count >= 4, header[0] == UInt8(ascii: "P"), (one...one + 5).contains(header[1]),
      BytePattern.isWhitespace(header[2]), ASCII.isDigit(header[3]) || header[3] == UInt8(ascii: "#")
    else { return nil }
    // The second three are the binary variants of the first three.
    let types = ["image/x-portable-bitmap", "image/x-portable-graymap", "image/x-portable-pixmap"]
    return types[Int(header[1] - one) % 3]
  }

  // MARK: Scripts

  /// The type of a script by the program that its first line names, such as `#!/usr/bin/env python3`; nil for other
  /// programs and without `#!`.
  private static func script(_ header: [UInt8]) -> String? {
    guard header.has("#!", at: 0) else { return nil }
    let line = firstLine(header.dropFirst(2))
    let names = line.split { ASCII.isBlank($0) || $0 == UInt8(ascii: "/") }.map(\.repairedText)
    if names.contains(where: { ["sh", "bash", "dash", "ksh", "zsh"].contains($0) }) { return "application/x-sh" }
    if names.contains(where: { $0.hasPrefix("python") }) { return "text/x-python" }
    if names.contains(where: { $0.hasPrefix("perl") }) { return "text/x-perl" }
    return names.contains("node") ? "text/javascript" : nil
  }

  // MARK: Archives

  /// Whether a file begins with the header of a tar archive in the format of Unix version 7, which has no signature:
  /// with a file name and a correct checksum.
  private static func isTar(_ header: [UInt8]) -> Bool {
    let length = 512
    // The offsets of the checksum: octal digits with spaces before or behind them.
    let checksum = 148..<156
    guard header.count >= length, header[0] != 0 else { return false }
    let field = header[checksum].drop { $0 == ASCII.space }.prefix { $0 >= 0x30 && $0 <= 0x37 }
    guard !field.isEmpty else { return false }
    let stated = field.reduce(0) { $0 << 3 | Int($1 - 0x30) }
    // The sum of all bytes, with spaces in place of the checksum itself.
    let rest = header[..<checksum.lowerBound] + header[checksum.upperBound..<length]
    let spaces = checksum.count * Int(ASCII.space)
    // Some old programs added the bytes as signed numbers.
    return stated == rest.reduce(spaces) { $0 + Int($1) }
      || stated == rest.reduce(spaces) { $0 + Int(Int8(bitPattern: $1)) }
  }
}
