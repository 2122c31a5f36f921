/// A media type with the file name extensions and the signatures that identify it.
struct MediaTypeEntry: Sendable {
  /// The type in lower case, without parameters.
  let type: String
  /// File name extensions in lower case and without a dot, the usual one first.
  let extensions: [String]
  /// Other names of the type, in lower case, such as those that the WHATWG's sniffing standard uses.
  let aliases: [String]
  /// Signatures of files that contain bytes that are not text; in ``StandardPatterns`` of all files.
  let binary: [BytePattern]
  /// Signatures of files that may be text throughout.
  let text: [BytePattern]

  /// A row of a table of media types.
  /// - Parameters:
  ///   - type: in lower case, without parameters.
  ///   - extensions: in lower case, without dots, separated by spaces, the usual one first.
  ///   - alias: other names of the type, in lower case.
  ///   - hex: signatures for ``binary`` in hexadecimal, see ``BytePattern/init(hex:at:)``.
  ///   - bytes: signatures for ``binary`` in ASCII.
  ///   - text: signatures in ASCII of files that may be text; they begin at the file's first byte.
  ///   - offset: where the signatures in `hex` and `bytes` begin, in bytes.
  ///   - patterns: other signatures for ``binary``, with their own offsets.
  init(
    _ type: String,
    _ extensions: String = "",
    alias: String...,
    hex: String...,
    bytes: String...,
    text: String...,
    at offset: Int = 0,
    patterns: [BytePattern] = []
  ) {
    self.type = type
    self.extensions = extensions.split(separator: " ").map(String.init)
    aliases = alias
    binary = patterns + hex.map { BytePattern(hex: $0, at: offset) } + bytes.map { BytePattern($0, at: offset) }
    self.text = text.map { BytePattern($0) }
  }
}

/// Common media types with their file name extensions, and the signatures that the WHATWG's standard does not have
/// (``StandardPatterns``).
enum MediaTypeTable {
  typealias Row = MediaTypeEntry

  /// One row per type; no type and no extension occurs twice.
  ///
  /// Types are those registered with IANA; where there is none, what Debian's `mime-support` and browsers use. The
  /// first signature that matches counts, so the order matters: a signature comes before those that it begins with, and
  /// for a file with two signatures at different offsets the first row decides.
  static let entries = [archives, documents, images, audioAndVideo, data, others, text].flatMap { $0 }

  /// The signatures in ``MediaTypeEntry/binary``. They do not tell whether the file is binary.
  static let binary = SignatureTable(entries, \.binary)
  /// The signatures in ``MediaTypeEntry/text``. They do not tell whether the file is text.
  static let texts = SignatureTable(entries, \.text)

  /// The usual name of a type by each of its other names, in lower case.
  static let typesByAlias = index { entry in entry.aliases.map { ($0, entry.type) } }
  /// The type by file name extension, in lower case and without a dot.
  static let typesByExtension = index { entry in entry.extensions.map { ($0, entry.type) } }
  /// The usual file name extension, without a dot, by the usual name of the type.
  static let extensionsByType = index { entry in entry.extensions.prefix(1).map { (entry.type, $0) } }

  private static func index(_ pairs: (MediaTypeEntry) -> [(String, String)]) -> [String: String] {
    Dictionary(entries.flatMap(pairs), uniquingKeysWith: { first, _ in first })
  }

  /// Archives, compressed files and packages.
  private static let archives: [Row] = [
    Row("application/x-7z-compressed", "7z", hex: "37 7A BC AF 27 1C"),
    Row("application/x-xz", "xz", hex: "FD 37 7A 58 5A 00"),
    Row("application/zstd", "zst", hex: "28 B5 2F FD"),
    Row("application/x-bzip2", "bz2", hex: "42 5A 68 .. 31 41 59 26 53 59", "42 5A 68 .. 17 72 45 38 50 90"),
    Row("application/x-lz4", "lz4", hex: "04 22 4D 18"),
    Row("application/x-lzip", "lz", bytes: "LZIP\u{1}"),
    Row("application/x-lzop", "lzo", hex: "89 4C 5A 4F 00 0D 0A 1A 0A"),
    Row("application/x-lzma", "lzma", hex: "5D 00 00 .. .. FF FF FF FF FF FF FF FF"),
    Row("application/x-compress", "z", hex: "1F 9D 90"),
    Row("application/x-snappy-framed", "sz", hex: "FF 06 00 00 73 4E 61 50 70 59"),
    Row("application/x-tar", "tar", bytes: "ustar", at: 257),
    Row("application/vnd.rar", "rar", alias: "application/x-rar-compressed", hex: "52 61 72 21 1A 07"),
    // The signatures of an empty archive and of one in several volumes; the standard has the usual one.
    Row("application/zip", "zip", alias: "application/x-zip-compressed", hex: "50 4B 05 06", "50 4B 07 08 50 4B 03 04"),
    Row("application/gzip", "gz tgz", alias: "application/x-gzip"),
    Row("application/vnd.ms-cab-compressed", "cab", hex: "4D 53 43 46 00 00 00 00"),
    Row("application/x-cpio", "cpio", hex: "C7 71", text: "070701", "070702", "070707"),
    Row("application/x-lzh-compressed", "lzh lha", hex: "2D 6C 68 .. 2D", at: 2),
    Row("application/x-xar", "xar pkg", hex: "78 61 72 21 00"),
    Row("application/x-rpm", "rpm", hex: "ED AB EE DB"),
    Row("application/x-chrome-extension", "crx", hex: "43 72 32 34 .. 00 00 00"),
    Row("application/vnd.debian.binary-package", "deb", text: "!<arch>\ndebian-binary"),
    Row("application/x-archive", "a", text: "!<arch>\n", "!<thin>\n"),
  ]

  /// Documents, and images of disks and file systems.
  private static let documents: [Row] = [
    Row("application/vnd.ms-htmlhelp", "chm", hex: "49 54 53 46 .. 00 00 00"),
    Row("application/x-mobipocket-ebook", "mobi", bytes: "BOOKMOBI", at: 60),
    Row("application/x-ms-shortcut", "lnk", hex: "4C 00 00 00 01 14 02 00"),
    // Office documents before 2007, messages of Outlook and installers: only distant bytes distinguish them.
    Row("application/x-ole-storage", "ole", hex: "D0 CF 11 E0 A1 B1 1A E1"),
    Row("application/rtf", "rtf", text: "{\\rtf"),
    Row("application/vnd.squashfs", "squashfs sqsh", hex: "68 73 71 73"),
    Row("application/x-qemu-disk", "qcow2", hex: "51 46 49 FB"),
    Row("application/x-vmdk", "vmdk", hex: "4B 44 4D 56 .. 00 00 00"),
    Row("application/x-vhdx", "vhdx", bytes: "vhdxfile"),
    Row("application/x-vhd", "vhd", bytes: "conectix"),
    Row("application/x-ms-wim", "wim", hex: "4D 53 57 49 4D 00 00 00"),
    Row("application/x-luks", "luks", hex: "4C 55 4B 53 BA BE"),
  ]

  /// Images. `image/x-canon-cr2` comes before `image/tiff`, whose signature such files have as well.
  private static let images: [Row] = [
    Row("image/vnd.microsoft.icon", "ico", alias: "image/x-icon"),
    Row("image/fits", "fits", text: "SIMPLE  =   "),
    Row("image/x-canon-cr2", "cr2", hex: "49 49 2A 00 .. .. .. .. 43 52"),
    Row("image/tiff", "tiff tif", hex: "49 49 2A 00", "4D 4D 00 2A", "49 49 2B 00", "4D 4D 00 2B"),
    Row("image/vnd.adobe.photoshop", "psd", hex: "38 42 50 53 00"),
    Row("image/x-xcf", "xcf", bytes: "gimp xcf "),
    Row("image/jxl", "jxl", hex: "FF 0A", "00 00 00 0C 4A 58 4C 20 0D 0A 87 0A"),
    Row("image/jxs", "jxs", hex: "00 00 00 0C 4A 58 53 20 0D 0A 87 0A"),
    Row("image/j2c", "j2k j2c", alias: "image/x-jp2-codestream", hex: "FF 4F FF 51"),
    // The form with a preview image, as DOS programs write it.
    Row("image/x-eps", "eps epsf", hex: "C5 D0 D3 C6"),
    Row("image/vnd.ms-dds", "dds", hex: "44 44 53 20 7C 00 00 00"),
    Row("image/qoi", "qoi", bytes: "qoif"),
    Row("image/x-exr", "exr", hex: "76 2F 31 01"),
    Row("image/vnd.radiance", "hdr", bytes: "#?RADIANCE"),
    Row("image/icns", "icns", hex: "69 63 6E 73 00"),
    Row("image/vnd.djvu", "djvu djv", hex: "41 54 26 54 46 4F 52 4D .. .. .. .. 44 4A 56"),
    Row("application/dicom", "dcm", bytes: "DICM", at: 128),
  ]

  /// Sound and video.
  private static let audioAndVideo: [Row] = [
    Row("audio/mp4", "m4a m4b f4a", alias: "audio/x-m4a"),
    Row("audio/flac", "flac", bytes: "fLaC"),
    Row("audio/ogg", "ogg oga opus", alias: "application/ogg"),
    Row("audio/vnd.wave", "wav", alias: "audio/wave", "audio/wav"),
    Row("audio/aiff", "aiff aif", hex: "46 4F 52 4D .. .. .. .. 41 49 46 43"),
    Row("audio/amr", "amr", bytes: "#!AMR"),
    Row("audio/x-wavpack", "wv", bytes: "wvpk"),
    Row("audio/x-ape", "ape", hex: "4D 41 43 20 .. 0F"),
    Row("audio/x-caf", "caf", hex: "63 61 66 66 00 01"),
    Row("video/mp4", "mp4 m4v f4v", alias: "video/x-m4v"),
    Row("video/matroska", "mkv", alias: "video/x-matroska"),
    Row("video/x-msvideo", "avi", alias: "video/avi"),
    Row("video/mpeg", "mpeg mpg", hex: "00 00 01 BA", "00 00 01 B3"),
    Row("video/x-flv", "flv", hex: "46 4C 56 01"),
    Row("video/x-ms-asf", "asf", hex: "30 26 B2 75 8E 66 CF 11 A6 D9 00 AA 00 62 CE 6C"),
  ]

  /// Data, programs, keys, fonts, models, and text that can be told from plain text by its bytes.
  private static let data: [Row] = [
    Row("application/wasm", "wasm", hex: "00 61 73 6D .. 00 00 00"),
    Row("application/vnd.sqlite3", "sqlite sqlite3 db", bytes: "SQLite format 3\0"),
    Row("application/vnd.apache.parquet", "parquet", bytes: "PAR1"),
    Row("application/vnd.apache.arrow.file", "arrow", bytes: "ARROW1\0\0"),
    Row("application/x-hdf5", "h5 hdf5", hex: "89 48 44 46 0D 0A 1A 0A"),
    Row("application/vnd.tcpdump.pcap", "pcap", hex: "D4 C3 B2 A1", "A1 B2 C3 D4", "4D 3C B2 A1", "A1 B2 3C 4D"),
    Row("application/x-mach-binary", "macho dylib", hex: "FE ED FA CE", "FE ED FA CF", "CE FA ED FE", "CF FA ED FE"),
    Row("application/vnd.android.dex", "dex", hex: "64 65 78 0A .. .. .. 00"),
    Row("application/vnd.apache.avro", "avro", bytes: "Obj\u{1}"),
    Row("application/vnd.apache.orc", "orc", bytes: "ORC"),
    Row("application/x-netcdf", "nc", bytes: "CDF\u{1}", "CDF\u{2}"),
    Row("application/x-numpy-data", "npy", hex: "93 4E 55 4D 50 59"),
    Row("application/x-gguf", "gguf", bytes: "GGUF"),
    Row(
      "application/x-pcapng",
      "pcapng",
      hex: "0A 0D 0D 0A .. .. .. .. 1A 2B 3C 4D",
      "0A 0D 0D 0A .. .. .. .. 4D 3C 2B 1A"
    ),
    Row("application/x-gettext-translation", "mo", hex: "DE 12 04 95", "95 04 12 DE"),
    Row("application/x-git-pack", "pack", hex: "50 41 43 4B 00 00 00"),
    Row("application/pgp-encrypted", "pgp asc", text: "-----BEGIN PGP MESSAGE-----"),
    Row("application/pgp-keys", "gpg", text: "-----BEGIN PGP PUBLIC KEY BLOCK-----"),
    Row("application/pgp-signature", "sig", text: "-----BEGIN PGP SIGNATURE-----"),
    Row("application/x-pem-file", "pem", text: "-----BEGIN "),
    Row("application/x-bittorrent", "torrent", text: "d8:announce", "d13:announce-list"),
    Row("font/woff2", "woff2", bytes: "wOF2"),
    Row("font/woff", "woff", alias: "application/font-woff"),
    Row("model/ply", "ply", text: "ply\nformat "),
    Row("text/calendar", "ics", text: "BEGIN:VCALENDAR"),
    Row("text/vcard", "vcf", text: "BEGIN:VCARD"),
    Row("text/vtt", "vtt", text: "WEBVTT"),
    Row("application/xml", "xml xsl", alias: "text/xml"),
    Row("model/gltf-binary", "glb", hex: "67 6C 54 46 .. 00 00 00"),
  ]

  /// Types without a signature in this table. Other rules, such as ``StandardPatterns`` and ``ISOBaseMedia``, identify
  /// some of them; the rest are known by their extensions only.
  private static let others: [Row] = rows([
    "application": [
      "java-archive": "jar war", "vnd.android.package-archive": "apk", "pdf": "pdf", "postscript": "ps ai",
      "epub+zip": "epub", "msword": "doc", "vnd.ms-excel": "xls", "vnd.ms-powerpoint": "ppt",
      "vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
      "vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
      "vnd.openxmlformats-officedocument.presentationml.presentation": "pptx", "vnd.oasis.opendocument.text": "odt",
      "vnd.oasis.opendocument.spreadsheet": "ods", "vnd.oasis.opendocument.presentation": "odp",
      "vnd.oasis.opendocument.graphics": "odg", "x-tex": "tex", "x-iso9660-image": "iso", "x-apple-diskimage": "dmg",
      "octet-stream": "bin dat img", "vnd.microsoft.portable-executable": "exe dll", "x-sharedlib": "so",
      "java-vm": "class", "x-dosexec": "com", "x-executable": "elf", "x-object": "o", "x-coredump": "core",
      "vnd.ms-fontobject": "eot", "json": "json map", "x-ndjson": "ndjson jsonl", "geo+json": "geojson",
      "gpx+xml": "gpx",
    ],
    "message": ["rfc822": "eml"],
    "image": [
      "png": "png", "apng": "apng", "jpeg": "jpg jpeg jpe", "gif": "gif", "webp": "webp", "avif": "avif",
      "heic": "heic", "heif": "heif", "heic-sequence": "heics", "heif-sequence": "heifs", "avci": "avci",
      "avcs": "avcs", "bmp": "bmp", "svg+xml": "svg", "x-adobe-dng": "dng", "x-canon-cr3": "cr3", "jp2": "jp2",
      "jpx": "jpx jpf", "jpm": "jpm", "jph": "jph", "x-portable-bitmap": "pbm", "x-portable-graymap": "pgm",
      "x-portable-pixmap": "ppm",
    ],
    "audio": [
      "mpeg": "mp3 mp2 mpga", "aac": "aac", "midi": "mid midi", "webm": "weba", "x-matroska": "mka", "basic": "au snd",
    ],
    "video": [
      "quicktime": "mov qt", "webm": "webm", "mp2t": "m2ts mts", "ogg": "ogv", "3gpp": "3gp", "x-ms-wmv": "wmv",
      "3gpp2": "3g2", "mj2": "mj2 mjp2", "vnd.dvb.file": "dvb",
    ],
    "font": ["ttf": "ttf", "otf": "otf", "collection": "ttc"],
    "model": ["stl": "stl"],
    "text": ["html": "html htm"],
  ])

  /// Text and source code whose bytes usually look like plain text.
  static let text: [Row] =
    [
      Row("text/javascript", "js mjs", alias: "application/javascript"),
      Row("text/x-diff", "diff patch", text: "diff --git "),
      Row("application/x-sh", "sh", alias: "application/x-shellscript"),
    ]
    + rows([
      "text": [
        "plain": "txt text log ini conf cfg", "csv": "csv", "tab-separated-values": "tsv", "css": "css",
        "markdown": "md markdown", "x-python": "py", "x-c": "c h", "x-c++": "cpp hpp", "x-java": "java", "x-go": "go",
        "x-rust": "rs", "x-swift": "swift", "x-perl": "pl pm",
      ],
      "application": ["yaml": "yaml yml", "toml": "toml", "sql": "sql", "x-subrip": "srt"],
    ])

  /// Rows of types without a signature and without another name.
  /// - Parameter types: the extensions of each type, separated by spaces, by top-level type and subtype.
  private static func rows(_ types: KeyValuePairs<String, KeyValuePairs<String, String>>) -> [Row] {
    types.flatMap { topLevel, subtypes in
      subtypes.map { subtype, extensions in Row("\(topLevel)/\(subtype)", extensions) }
    }
  }
}
