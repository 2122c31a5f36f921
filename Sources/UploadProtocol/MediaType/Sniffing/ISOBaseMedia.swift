/// Files made of boxes (ISO/IEC 14496-12) that are not MP4 by the standard: told by the brands in their first box.
enum ISOBaseMedia {
  /// Brands, and the types they stand for. The first one that a file names counts: its own, then the compatible ones.
  private static let brands: [(brand: StaticString, type: String)] = [
    ("avif", "image/avif"), ("avis", "image/avif"),
    ("heic", "image/heic"), ("heix", "image/heic"), ("hevc", "image/heic"), ("hevx", "image/heic"),
    ("heim", "image/heic"), ("heis", "image/heic"),
    ("qt  ", "video/quicktime"), ("M4A ", "audio/mp4"), ("M4B ", "audio/mp4"), ("crx ", "image/x-canon-cr3"),
    ("jp2 ", "image/jp2"), ("3g2", "video/3gpp2"), ("3gp", "video/3gpp"),
    ("isom", "video/mp4"), ("iso", "video/mp4"), ("avc1", "video/mp4"), ("M4V", "video/mp4"), ("dash", "video/mp4"),
    ("mif1", "image/heif"), ("msf1", "image/heif"),
  ]

  /// Brands that say only that there is an image in it: another brand of the file says which.
  private static let vague: [StaticString] = ["mif1", "msf1"]

  static func type(of header: [UInt8]) -> String? {
    guard let size = header.number(4, at: 0, bigEndian: true), size >= 12, header.has("ftyp", at: 4) else {
      // QuickTime before there were brands.
      return ["moov", "mdat", "wide"].contains { header.has($0, at: 4) } ? "video/quicktime" : nil
    }
    let places = [8] + stride(from: 16, to: min(size, header.count), by: 4)
    let named = places.lazy.compactMap { place in brands.first { header.has($0.brand, at: place) } }
    let exact = named.first { found in !vague.contains { $0.description == found.brand.description } }
    return (exact ?? named.first)?.type
  }
}
