/// A media type with the file name extensions and the signatures that identify it.
struct MediaTypeEntry: Sendable {
  /// The type in lower case, without parameters.
  let type: String
  /// File name extensions in lower case and without a dot, the usual one first.
  let extensions: [String]
  /// Signatures of files that contain bytes that are not text.
  let binary: [BytePattern]
  /// Signatures of files that may be text throughout.
  let text: [BytePattern]
}

extension MediaTypeEntry {
  /// - Parameters:
  ///   - extensions: separated by spaces.
  ///   - hex: signatures of binary files in hexadecimal, see ``BytePattern/init(hex:at:)``.
  ///   - bytes: signatures of binary files in ASCII.
  ///   - text: signatures of files that may be text.
  ///   - offset: where the signatures in `hex` and `bytes` begin, in bytes.
  init(
    _ type: String,
    _ extensions: String = "",
    hex: String...,
    bytes: String...,
    text: String...,
    at offset: Int = 0
  ) {
    self.init(
      type: type,
      extensions: extensions.split(separator: " ").map(String.init),
      binary: hex.map { BytePattern(hex: $0, at: offset) } + bytes.map { BytePattern($0, at: offset) },
      text: text.map { BytePattern($0) }
    )
  }
}

extension [MediaTypeEntry] {
  /// The type of the first entry with a signature for binary files that matches.
  func binaryType(of header: [UInt8]) -> String? {
    first { $0.binary.contains { $0.matches(header) } }?.type
  }

  /// The type of the first entry with a signature for text files that matches.
  func textType(of header: [UInt8]) -> String? {
    first { $0.text.contains { $0.matches(header) } }?.type
  }
}

/// Common media types with their file name extensions, and the signatures that the WHATWG's standard does not have
/// (``StandardPatterns``).
enum MediaTypeTable {
  typealias Entry = MediaTypeEntry

  /// One row per type; no type and no extension occurs twice.
  ///
  /// Types are those registered with IANA; where there is none, what Debian's `mime-support` and browsers use. The first
  /// signature that matches counts, so the order matters: a signature comes before those that it begins with, and for a
  /// file with two signatures at different offsets the first row decides.
  static let entries = [archives, documents, disks, images, audio, video, others, text].flatMap { $0 }

  /// Other names of types in ``entries``, as the WHATWG's sniffing standard and browsers use them.
  static let aliases = [
    "text/xml": "application/xml",
    "image/x-icon": "image/vnd.microsoft.icon",
    "audio/wave": "audio/vnd.wave",
    "audio/wav": "audio/vnd.wave",
    "video/avi": "video/x-msvideo",
    "application/ogg": "audio/ogg",
    "audio/x-m4a": "audio/mp4",
    "video/x-m4v": "video/mp4",
    "image/x-jp2-codestream": "image/j2c",
    "application/x-gzip": "application/gzip",
    "application/x-rar-compressed": "application/vnd.rar",
    "application/x-zip-compressed": "application/zip",
    "application/font-woff": "font/woff",
    "video/x-matroska": "video/matroska",
    "application/javascript": "text/javascript",
    "application/x-shellscript": "application/x-sh",
  ]

  /// Archives, compressed files and packages.
  private static let archives: [Entry] = [
    Entry("application/x-7z-compressed", "7z", hex: "37 7A BC AF 27 1C"),
    Entry("application/x-xz", "xz", hex: "FD 37 7A 58 5A 00"),
    Entry("application/zstd", "zst", hex: "28 B5 2F FD"),
    Entry("application/x-bzip2", "bz2", hex: "42 5A 68 .. 31 41 59 26 53 59", "42 5A 68 .. 17 72 45 38 50 90"),
    Entry("application/x-lz4", "lz4", hex: "04 22 4D 18"),
    Entry("application/x-lzip", "lz", bytes: "LZIP\u{1}"),
    Entry("application/x-lzop", "lzo", hex: "89 4C 5A 4F 00 0D 0A 1A 0A"),
    Entry("application/x-lzma", "lzma", hex: "5D 00 00 .. .. FF FF FF FF FF FF FF FF"),
    Entry("application/x-compress", "z", hex: "1F 9D 90"),
    Entry("application/x-snappy-framed", "sz", hex: "FF 06 00 00 73 4E 61 50 70 59"),
    Entry("application/x-tar", "tar", bytes: "ustar", at: 257),
    Entry("application/vnd.rar", "rar", hex: "52 61 72 21 1A 07"),
    // The signatures of an empty archive and of one in several volumes; the standard has the usual one.
    Entry("application/zip", "zip", hex: "50 4B 05 06", "50 4B 07 08 50 4B 03 04"),
    Entry("application/gzip", "gz tgz"),
    Entry("application/vnd.ms-cab-compressed", "cab", hex: "4D 53 43 46 00 00 00 00"),
    Entry("application/x-cpio", "cpio", hex: "C7 71", text: "070701", "070702", "070707"),
    Entry("application/x-lzh-compressed", "lzh lha", hex: "2D 6C 68 .. 2D", at: 2),
    Entry("application/x-xar", "xar pkg", hex: "78 61 72 21 00"),
    Entry("application/x-rpm", "rpm", hex: "ED AB EE DB"),
    Entry("application/x-chrome-extension", "crx", hex: "43 72 32 34 .. 00 00 00"),
    Entry("application/vnd.debian.binary-package", "deb", text: "!<arch>\ndebian-binary"),
    Entry("application/x-archive", "a", text: "!<arch>\n", "!<thin>\n"),
    Entry("application/java-archive", "jar war"),
    Entry("application/vnd.android.package-archive", "apk"),
  ]

  /// Documents.
  private static let documents: [Entry] = [
    Entry("application/vnd.ms-htmlhelp", "chm", hex: "49 54 53 46 .. 00 00 00"),
    Entry("application/x-mobipocket-ebook", "mobi", bytes: "BOOKMOBI", at: 60),
    Entry("application/x-ms-shortcut", "lnk", hex: "4C 00 00 00 01 14 02 00"),
    // Office documents before 2007, messages of Outlook and installers: only distant bytes distinguish them.
    Entry("application/x-ole-storage", "ole", hex: "D0 CF 11 E0 A1 B1 1A E1"),
    Entry("application/pdf", "pdf"),
    Entry("application/postscript", "ps ai"),
    Entry("application/rtf", "rtf", text: "{\\rtf"),
    Entry("application/epub+zip", "epub"),
    Entry("application/msword", "doc"),
    Entry("application/vnd.ms-excel", "xls"),
    Entry("application/vnd.ms-powerpoint", "ppt"),
    Entry("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    Entry("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    Entry("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
    Entry("application/vnd.oasis.opendocument.text", "odt"),
    Entry("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    Entry("application/vnd.oasis.opendocument.presentation", "odp"),
    Entry("application/vnd.oasis.opendocument.graphics", "odg"),
    Entry("application/x-tex", "tex"),
    Entry("message/rfc822", "eml"),
  ]

  /// Disk and file system images.
  private static let disks: [Entry] = [
    Entry("application/vnd.squashfs", "squashfs sqsh", hex: "68 73 71 73"),
    Entry("application/x-qemu-disk", "qcow2", hex: "51 46 49 FB"),
    Entry("application/x-vmdk", "vmdk", hex: "4B 44 4D 56 .. 00 00 00"),
    Entry("application/x-vhdx", "vhdx", bytes: "vhdxfile"),
    Entry("application/x-vhd", "vhd", bytes: "conectix"),
    Entry("application/x-ms-wim", "wim", hex: "4D 53 57 49 4D 00 00 00"),
    Entry("application/x-luks", "luks", hex: "4C 55 4B 53 BA BE"),
    Entry("application/x-iso9660-image", "iso"),
    Entry("application/x-apple-diskimage", "dmg"),
  ]

  /// Images. `image/x-canon-cr2` comes before `image/tiff`, whose signature such files have as well.
  private static let images: [Entry] = [
    Entry("image/png", "png"),
    Entry("image/apng", "apng"),
    Entry("image/jpeg", "jpg jpeg jpe"),
    Entry("image/gif", "gif"),
    Entry("image/webp", "webp"),
    Entry("image/avif", "avif"),
    Entry("image/heic", "heic"),
    Entry("image/heif", "heif"),
    Entry("image/heic-sequence", "heics"),
    Entry("image/heif-sequence", "heifs"),
    Entry("image/avci", "avci"),
    Entry("image/avcs", "avcs"),
    Entry("image/bmp", "bmp"),
    Entry("image/svg+xml", "svg"),
    Entry("image/vnd.microsoft.icon", "ico"),
    Entry("image/x-adobe-dng", "dng"),
    Entry("image/x-canon-cr3", "cr3"),
    Entry("image/jp2", "jp2"),
    Entry("image/jpx", "jpx jpf"),
    Entry("image/jpm", "jpm"),
    Entry("image/jph", "jph"),
    Entry("image/fits", "fits", text: "SIMPLE  =   "),
    Entry("image/x-portable-bitmap", "pbm"),
    Entry("image/x-portable-graymap", "pgm"),
    Entry("image/x-portable-pixmap", "ppm"),
    Entry("image/x-canon-cr2", "cr2", hex: "49 49 2A 00 .. .. .. .. 43 52"),
    Entry("image/tiff", "tiff tif", hex: "49 49 2A 00", "4D 4D 00 2A", "49 49 2B 00", "4D 4D 00 2B"),
    Entry("image/vnd.adobe.photoshop", "psd", hex: "38 42 50 53 00"),
    Entry("image/x-xcf", "xcf", bytes: "gimp xcf "),
    Entry("image/jxl", "jxl", hex: "FF 0A", "00 00 00 0C 4A 58 4C 20 0D 0A 87 0A"),
    Entry("image/jxs", "jxs", hex: "00 00 00 0C 4A 58 53 20 0D 0A 87 0A"),
    Entry("image/j2c", "j2k j2c", hex: "FF 4F FF 51"),
    // The form with a preview image, as DOS programs write it.
    Entry("image/x-eps", "eps epsf", hex: "C5 D0 D3 C6"),
    Entry("image/vnd.ms-dds", "dds", hex: "44 44 53 20 7C 00 00 00"),
    Entry("image/qoi", "qoi", bytes: "qoif"),
    Entry("image/x-exr", "exr", hex: "76 2F 31 01"),
    Entry("image/vnd.radiance", "hdr", bytes: "#?RADIANCE"),
    Entry("image/icns", "icns", hex: "69 63 6E 73 00"),
    Entry("image/vnd.djvu", "djvu djv", hex: "41 54 26 54 46 4F 52 4D .. .. .. .. 44 4A 56"),
    Entry("application/dicom", "dcm", bytes: "DICM", at: 128),
  ]

  /// Sound.
  private static let audio: [Entry] = [
    Entry("audio/mpeg", "mp3 mp2 mpga"),
    Entry("audio/mp4", "m4a m4b f4a"),
    Entry("audio/aac", "aac"),
    Entry("audio/flac", "flac", bytes: "fLaC"),
    Entry("audio/ogg", "ogg oga opus"),
    Entry("audio/vnd.wave", "wav"),
    Entry("audio/aiff", "aiff aif", hex: "46 4F 52 4D .. .. .. .. 41 49 46 43"),
    Entry("audio/midi", "mid midi"),
    Entry("audio/webm", "weba"),
    Entry("audio/x-matroska", "mka"),
    Entry("audio/basic", "au snd"),
    Entry("audio/amr", "amr", bytes: "#!AMR"),
    Entry("audio/x-wavpack", "wv", bytes: "wvpk"),
    Entry("audio/x-ape", "ape", hex: "4D 41 43 20 .. 0F"),
    Entry("audio/x-caf", "caf", hex: "63 61 66 66 00 01"),
  ]

  /// Video.
  private static let video: [Entry] = [
    Entry("video/mp4", "mp4 m4v f4v"),
    Entry("video/quicktime", "mov qt"),
    Entry("video/webm", "webm"),
    Entry("video/matroska", "mkv"),
    Entry("video/x-msvideo", "avi"),
    Entry("video/mpeg", "mpeg mpg", hex: "00 00 01 BA", "00 00 01 B3"),
    Entry("video/mp2t", "m2ts mts"),
    Entry("video/ogg", "ogv"),
    Entry("video/3gpp", "3gp"),
    Entry("video/x-ms-wmv", "wmv"),
    Entry("video/x-flv", "flv", hex: "46 4C 56 01"),
    Entry("video/3gpp2", "3g2"),
    Entry("video/mj2", "mj2 mjp2"),
    Entry("video/vnd.dvb.file", "dvb"),
    Entry("video/x-ms-asf", "asf", hex: "30 26 B2 75 8E 66 CF 11 A6 D9 00 AA 00 62 CE 6C"),
  ]

  /// Data, programs, keys, fonts and models.
  private static let others: [Entry] = [
    Entry("application/octet-stream", "bin dat img"),
    Entry("application/wasm", "wasm", hex: "00 61 73 6D .. 00 00 00"),
    Entry("application/vnd.sqlite3", "sqlite sqlite3 db", bytes: "SQLite format 3\0"),
    Entry("application/vnd.apache.parquet", "parquet", bytes: "PAR1"),
    Entry("application/vnd.apache.arrow.file", "arrow", bytes: "ARROW1\0\0"),
    Entry("application/x-hdf5", "h5 hdf5", hex: "89 48 44 46 0D 0A 1A 0A"),
    Entry("application/vnd.tcpdump.pcap", "pcap", hex: "D4 C3 B2 A1", "A1 B2 C3 D4", "4D 3C B2 A1", "A1 B2 3C 4D"),
    Entry("application/vnd.microsoft.portable-executable", "exe dll"),
    Entry("application/x-sharedlib", "so"),
    Entry("application/java-vm", "class"),
    Entry("application/x-dosexec", "com"),
    Entry("application/x-executable", "elf"),
    Entry("application/x-object", "o"),
    Entry("application/x-coredump", "core"),
    Entry("application/x-mach-binary", "macho dylib", hex: "FE ED FA CE", "FE ED FA CF", "CE FA ED FE", "CF FA ED FE"),
    Entry("application/vnd.android.dex", "dex", hex: "64 65 78 0A .. .. .. 00"),
    Entry("application/vnd.apache.avro", "avro", bytes: "Obj\u{1}"),
    Entry("application/vnd.apache.orc", "orc", bytes: "ORC"),
    Entry("application/x-netcdf", "nc", bytes: "CDF\u{1}", "CDF\u{2}"),
    Entry("application/x-numpy-data", "npy", hex: "93 4E 55 4D 50 59"),
    Entry("application/x-gguf", "gguf", bytes: "GGUF"),
    Entry(
      "application/x-pcapng",
      "pcapng",
      hex: "0A 0D 0D 0A .. .. .. .. 1A 2B 3C 4D",
      "0A 0D 0D 0A .. .. .. .. 4D 3C 2B 1A"
    ),
    Entry("application/x-gettext-translation", "mo", hex: "DE 12 04 95", "95 04 12 DE"),
    Entry("application/x-git-pack", "pack", hex: "50 41 43 4B 00 00 00"),
    Entry("application/pgp-encrypted", "pgp asc", text: "-----BEGIN PGP MESSAGE-----"),
    Entry("application/pgp-keys", "gpg", text: "-----BEGIN PGP PUBLIC KEY BLOCK-----"),
    Entry("application/pgp-signature", "sig", text: "-----BEGIN PGP SIGNATURE-----"),
    Entry("application/x-pem-file", "pem", text: "-----BEGIN "),
    Entry("application/x-bittorrent", "torrent", text: "d8:announce", "d13:announce-list"),
    Entry("font/woff2", "woff2", bytes: "wOF2"),
    Entry("font/woff", "woff"),
    Entry("font/ttf", "ttf"),
    Entry("font/otf", "otf"),
    Entry("font/collection", "ttc"),
    Entry("application/vnd.ms-fontobject", "eot"),
    Entry("model/ply", "ply", text: "ply\nformat "),
    Entry("model/stl", "stl"),
    Entry("model/gltf-binary", "glb", hex: "67 6C 54 46 .. 00 00 00"),
  ]

  /// Text and source code.
  static let text: [Entry] = [
    Entry("text/plain", "txt text log ini conf cfg"),
    Entry("text/csv", "csv"),
    Entry("text/tab-separated-values", "tsv"),
    Entry("text/html", "html htm"),
    Entry("text/css", "css"),
    Entry("text/javascript", "js mjs"),
    Entry("text/markdown", "md markdown"),
    Entry("text/calendar", "ics", text: "BEGIN:VCALENDAR"),
    Entry("text/vcard", "vcf", text: "BEGIN:VCARD"),
    Entry("text/vtt", "vtt", text: "WEBVTT"),
    Entry("text/x-python", "py"),
    Entry("text/x-c", "c h"),
    Entry("text/x-c++", "cpp hpp"),
    Entry("text/x-java", "java"),
    Entry("text/x-go", "go"),
    Entry("text/x-rust", "rs"),
    Entry("text/x-swift", "swift"),
    Entry("text/x-diff", "diff patch", text: "diff --git "),
    Entry("text/x-perl", "pl pm"),
    Entry("application/json", "json map"),
    Entry("application/x-ndjson", "ndjson jsonl"),
    Entry("application/geo+json", "geojson"),
    Entry("application/xml", "xml xsl"),
    Entry("application/yaml", "yaml yml"),
    Entry("application/toml", "toml"),
    Entry("application/sql", "sql"),
    Entry("application/x-sh", "sh"),
    Entry("application/x-subrip", "srt"),
    Entry("application/gpx+xml", "gpx"),
  ]
}
