/// Files made of boxes (ISO/IEC 14496-12), told by the brands in their first box (registry: mp4ra.org), which say more
/// than the standard's rule for MP4.
enum ISOBaseMedia {
  /// Brands, or what several begin with, and the types they stand for.
  private static let brands: [(brand: StaticString, type: String)] = [
    ("avif", "image/avif"), ("avis", "image/avif"), ("avci", "image/avci"), ("avcs", "image/avcs"),
    ("heic", "image/heic"), ("heix", "image/heic"), ("heim", "image/heic"), ("heis", "image/heic"),
    ("hevc", "image/heic-sequence"), ("hevx", "image/heic-sequence"), ("hevm", "image/heic-sequence"),
    ("hevs", "image/heic-sequence"), ("mif1", "image/heif"), ("msf1", "image/heif-sequence"),
    ("crx ", "image/x-canon-cr3"), ("qt  ", "video/quicktime"),
    ("M4A", "audio/mp4"), ("M4B", "audio/mp4"), ("M4P", "audio/mp4"), ("F4A", "audio/mp4"), ("F4B", "audio/mp4"),
    ("3g2", "video/3gpp2"), ("KDDI", "video/3gpp2"), ("3g", "video/3gpp"),
    ("M4V", "video/x-m4v"), ("dvr1", "video/vnd.dvb.file"), ("dvt1", "video/vnd.dvb.file"),
    ("mp4", "video/mp4"), ("mmp4", "video/mp4"), ("iso", "video/mp4"), ("avc1", "video/mp4"), ("hvc1", "video/mp4"),
    ("av01", "video/mp4"), ("dash", "video/mp4"), ("isml", "video/mp4"), ("piff", "video/mp4"), ("cmf", "video/mp4"),
    ("F4V", "video/mp4"), ("F4P", "video/mp4"), ("ND", "video/mp4"), ("MSNV", "video/mp4"), ("XAVC", "video/mp4"),
    ("CAEP", "video/mp4"), ("caqv", "video/mp4"), ("msdh", "video/mp4"), ("msix", "video/mp4"), ("dsms", "video/mp4"),
  ]

  /// What brands stand for that say only that there are images in it: another brand of an image says which.
  private static let vague = ["image/heif", "image/heif-sequence"]

  /// Of JPEG 2000, by the brand in the second box (ITU-T T.800 annex I, T.801, T.802, T.814, T.805).
  private static let jpeg2000: [(brand: StaticString, type: String)] = [
    ("jp2 ", "image/jp2"), ("jpx ", "image/jpx"), ("jpm ", "image/jpm"), ("mjp2", "video/mj2"), ("mj2s", "video/mj2"),
    ("jph ", "image/jph"),
  ]

  /// The type by the file's brands: its own, then the compatible ones. The first that is known counts.
  static func type(of header: [UInt8]) -> String? {
    if header.has("jP  \r\n", at: 4), header.starts(with: [0, 0, 0, 12]) {
      return type(of: header, boxAt: 12, in: jpeg2000) ?? "image/jp2"
    }
    if header.has("ftyp", at: 4) { return type(of: header, boxAt: 0, in: brands) }
    // QuickTime before there were brands.
    return ["moov", "mdat", "wide"].contains { header.has($0, at: 4) } ? "video/quicktime" : nil
  }

  private static func type(
    of header: [UInt8],
    boxAt start: Int,
    in brands: [(brand: StaticString, type: String)]
  ) -> String? {
    guard let size = header.number(4, at: start, bigEndian: true), size >= 12, header.has("ftyp", at: start + 4) else {
      return nil
    }
    let places = [start + 8] + stride(from: start + 16, to: min(start + size, header.count), by: 4)
    let named = places.lazy.compactMap { place in brands.first { header.has($0.brand, at: place) }?.type }
    guard let first = named.first, vague.contains(first) else { return named.first }
    return named.first { $0.hasPrefix("image/") && !vague.contains($0) } ?? first
  }
}
