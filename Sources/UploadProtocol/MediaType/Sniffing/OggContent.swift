/// What the streams of an Ogg file hold (RFC 3533, types of RFC 5334): every stream begins with a page of its own, and
/// all these come first.
enum OggContent {
  private static let audio: [[UInt8]] = [
    Array("OpusHead".utf8), Array("\u{1}vorbis".utf8), Array("\u{7F}FLAC".utf8), Array("Speex   ".utf8),
  ]
  /// Theora, Dirac, Daala, OGM; and Skeleton, which describes the streams beside it.
  private static let video: [[UInt8]] = [
    [0x80] + Array("theora".utf8), Array("BBCD\0".utf8), [0x80] + Array("daala".utf8), Array("\u{1}video".utf8),
  ]
  private static let skeleton = Array("fishead\0".utf8)

  /// `audio/ogg`, `video/ogg`, or nil for neither.
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
    // Skeleton with nothing known beside it: RFC 5334 leaves that to video.
    return hasAudio ? "audio/ogg" : hasSkeleton ? "video/ogg" : nil
  }

  private struct Page {
    let isFirstOfStream: Bool
    /// Where its content begins; within the bytes.
    let start: Int
    let end: Int

    init?(_ bytes: [UInt8], at offset: Int) {
      guard bytes.has("OggS", at: offset), let flags = bytes.number(1, at: offset + 5, bigEndian: true),
        let segments = bytes.number(1, at: offset + 26, bigEndian: true), offset + 27 + segments <= bytes.count
      else { return nil }
      isFirstOfStream = flags & 2 != 0
      start = offset + 27 + segments
      end = start + bytes[(start - segments)..<start].reduce(0) { $0 + Int($1) }
    }
  }
}
