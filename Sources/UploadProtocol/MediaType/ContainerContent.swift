/// Files that consist of boxes (ISO/IEC 14496-12), identified by the brands in their first box (registry: mp4ra.org),
/// which are more exact than the standard's rule for MP4.
enum ISOBaseMedia {
  /// Media types and their brands, or a prefix of several brands.
  private typealias Brands = KeyValuePairs<String, [StaticString]>

  private static let brands: Brands = [
    "image/avif": ["avif", "avis"], "image/avci": ["avci"], "image/avcs": ["avcs"],
    "image/heic": ["heic", "heix", "heim", "heis"], "image/heic-sequence": ["hevc", "hevx", "hevm", "hevs"],
    "image/heif": ["mif1"], "image/heif-sequence": ["msf1"], "image/x-canon-cr3": ["crx "],
    "video/quicktime": ["qt  "], "audio/mp4": ["M4A", "M4B", "M4P", "F4A", "F4B"],
    "video/3gpp2": ["3g2", "KDDI"], "video/3gpp": ["3g"], "video/x-m4v": ["M4V"],
    "video/vnd.dvb.file": ["dvr1", "dvt1"],
    "video/mp4": [
      "mp4", "mmp4", "iso", "avc1", "hvc1", "av01", "dash", "isml", "piff", "cmf", "F4V", "F4P", "ND", "MSNV", "XAVC",
      "CAEP", "caqv", "msdh", "msix", "dsms",
    ],
  ]

  /// Types of brands that say only that the file contains images: another brand says of which format.
  private static let vague = ["image/heif", "image/heif-sequence"]

  /// Brands of JPEG 2000, which are in the second box (ITU-T T.800 annex I, T.801, T.802, T.814, T.805).
  private static let jpeg2000: Brands = [
    "image/jp2": ["jp2 "], "image/jpx": ["jpx "], "image/jpm": ["jpm "], "image/jph": ["jph "],
    "video/mj2": ["mjp2", "mj2s"],
  ]

  /// The type of a file that begins with `header`; nil for other formats and where no brand is known.
  ///
  /// The first known brand decides, the major one before the compatible ones; a brand that only says HEIF gives way to
  /// one of another image format. JPEG 2000 without a known brand is `image/jp2`; QuickTime files may have no brands.
  static func type(of header: [UInt8]) -> String? {
    if header.has("jP  \r\n", at: 4), header.starts(with: [0, 0, 0, 12]) {
      return type(of: header, boxAt: 12, in: jpeg2000) ?? "image/jp2"
    }
    if header.has("ftyp", at: 4) { return type(of: header, boxAt: 0, in: brands) }
    // QuickTime files from before brands existed.
    return ["moov", "mdat", "wide"].contains { header.has($0, at: 4) } ? "video/quicktime" : nil
  }

  private static func type(of header: [UInt8], boxAt start: Int, in brands: Brands) -> String? {
    guard let size = header.number(4, at: start), size >= 12, header.has("ftyp", at: start + 4) else { return nil }
    let places = [start + 8] + stride(from: start + 16, to: min(start + size, header.count), by: 4)
    let named = places.lazy.compactMap { place in
      brands.first { $0.value.contains { header.has($0, at: place) } }?.key
    }
    guard let first = named.first, vague.contains(first) else { return named.first }
    return named.first { $0.hasPrefix("image/") && !vague.contains($0) } ?? first
  }
}

/// The kind of streams in an Ogg file (RFC 3533, types of RFC 5334): every stream begins with a page of its own, and
/// all of these are at the file's beginning.
enum OggContent {
  private static let audio: [[UInt8]] = [
    Array("OpusHead".utf8), Array("\u{1}vorbis".utf8), Array("\u{7F}FLAC".utf8), Array("Speex   ".utf8),
  ]
  /// Theora, Dirac, Daala and OGM.
  private static let video: [[UInt8]] = [
    [0x80] + Array("theora".utf8), Array("BBCD\0".utf8), [0x80] + Array("daala".utf8), Array("\u{1}video".utf8),
  ]
  /// Skeleton, which describes the other streams.
  private static let skeleton = Array("fishead\0".utf8)

  /// `video/ogg` or `audio/ogg` for a file that begins with `header`; nil where it has no known stream.
  static func type(of header: [UInt8]) -> String? {
    var offset = 0
    var hasAudio = false
    var hasSkeleton = false
    while let page = Page(header, at: offset), page.isFirstOfStream {
      let packet = header[page.start...]
      if video.contains(where: packet.starts) { return "video/ogg" }
      hasAudio = hasAudio || audio.contains(where: packet.starts)
      hasSkeleton = hasSkeleton || packet.starts(with: skeleton)
      guard page.end < header.count else { break }
      offset = page.end
    }
    // A file with Skeleton and no other known stream counts as video (RFC 5334).
    return hasAudio ? "audio/ogg" : hasSkeleton ? "video/ogg" : nil
  }

  private struct Page {
    let isFirstOfStream: Bool
    /// The offset at which the page's content begins; at most the number of bytes.
    let start: Int
    /// The offset at which the page ends; may lie beyond the bytes.
    let end: Int

    init?(_ bytes: [UInt8], at offset: Int) {
      guard bytes.has("OggS", at: offset), let flags = bytes.number(1, at: offset + 5),
        let segments = bytes.number(1, at: offset + 26), offset + 27 + segments <= bytes.count
      else { return nil }
      isFirstOfStream = flags & 2 != 0
      start = offset + 27 + segments
      end = start + bytes[(start - segments)..<start].reduce(0) { $0 + Int($1) }
    }
  }
}

/// The kind of an EBML document, found as the standard does (MIME Sniffing, section 6.2.2): by a search for the element
/// `DocType` in the first 38 bytes.
enum Matroska {
  /// The value of `DocType`, such as `webm` or `matroska`, of a file that begins with `header`; nil where it is not
  /// EBML, or the element comes later, is incomplete or has more than 32 bytes.
  static func documentType(of header: [UInt8]) -> String? {
    guard header.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) else { return nil }
    for start in 4..<38 where header.number(2, at: start) == 0x4282 {
      guard let (size, length) = number(header, at: start + 2), size <= 32 else { continue }
      let text = header.dropFirst(start + 2 + length)
      guard text.count >= size else { continue }
      // The value may be padded with zeros on either side.
      return text.prefix(size).filter { $0 != 0 }.repairedText
    }
    return nil
  }

  /// A number of variable length, and its length in bytes, 1 or 2; nil for longer ones and where the bytes end before.
  private static func number(_ header: [UInt8], at start: Int) -> (value: Int, length: Int)? {
    guard let first = header.dropFirst(start).first, first != 0 else { return nil }
    let length = first.leadingZeroBitCount + 1
    // The length of a document type needs no more than two bytes.
    guard length <= 2, let whole = header.number(length, at: start) else { return nil }
    return (whole & (1 << (7 * length) - 1), length)
  }
}
