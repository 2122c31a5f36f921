/// Common media types and the endings of their files' names.
enum MediaTypeTable {
  /// One type, all in small letters, and its endings, the usual one first. No ending is in two entries, no type either.
  ///
  /// Types are those registered with IANA; where there is none, what Debian's `mime-support` and browsers use.
  static let entries: [(type: String, extensions: [String])] = text + image + audio + video + document + archive + other

  private static let text: [(type: String, extensions: [String])] = [
    ("text/plain", ["txt", "text", "log", "ini", "conf", "cfg"]),
    ("text/csv", ["csv"]),
    ("text/tab-separated-values", ["tsv"]),
    ("text/html", ["html", "htm"]),
    ("text/css", ["css"]),
    ("text/javascript", ["js", "mjs"]),
    ("text/markdown", ["md", "markdown"]),
    ("text/calendar", ["ics"]),
    ("text/vcard", ["vcf"]),
    ("text/vtt", ["vtt"]),
    ("text/x-python", ["py"]),
    ("text/x-c", ["c", "h"]),
    ("text/x-c++", ["cpp", "hpp"]),
    ("text/x-java", ["java"]),
    ("text/x-go", ["go"]),
    ("text/x-rust", ["rs"]),
    ("text/x-swift", ["swift"]),
    ("text/x-diff", ["diff", "patch"]),
    ("application/json", ["json", "map"]),
    ("application/x-ndjson", ["ndjson", "jsonl"]),
    ("application/geo+json", ["geojson"]),
    ("application/xml", ["xml", "xsl"]),
    ("application/yaml", ["yaml", "yml"]),
    ("application/toml", ["toml"]),
    ("application/sql", ["sql"]),
    ("application/x-sh", ["sh"]),
    ("application/x-subrip", ["srt"]),
    ("application/gpx+xml", ["gpx"]),
  ]

  private static let image: [(type: String, extensions: [String])] = [
    ("image/png", ["png"]),
    ("image/apng", ["apng"]),
    ("image/jpeg", ["jpg", "jpeg", "jpe"]),
    ("image/gif", ["gif"]),
    ("image/webp", ["webp"]),
    ("image/avif", ["avif"]),
    ("image/heic", ["heic"]),
    ("image/heif", ["heif"]),
    ("image/jxl", ["jxl"]),
    ("image/bmp", ["bmp"]),
    ("image/tiff", ["tiff", "tif"]),
    ("image/svg+xml", ["svg"]),
    ("image/vnd.microsoft.icon", ["ico"]),
    ("image/vnd.adobe.photoshop", ["psd"]),
    ("image/x-adobe-dng", ["dng"]),
  ]

  private static let audio: [(type: String, extensions: [String])] = [
    ("audio/mpeg", ["mp3"]),
    ("audio/mp4", ["m4a"]),
    ("audio/aac", ["aac"]),
    ("audio/flac", ["flac"]),
    ("audio/ogg", ["ogg", "oga", "opus"]),
    ("audio/vnd.wave", ["wav"]),
    ("audio/aiff", ["aiff", "aif"]),
    ("audio/midi", ["mid", "midi"]),
    ("audio/webm", ["weba"]),
    ("audio/x-matroska", ["mka"]),
  ]

  private static let video: [(type: String, extensions: [String])] = [
    ("video/mp4", ["mp4", "m4v"]),
    ("video/quicktime", ["mov", "qt"]),
    ("video/webm", ["webm"]),
    ("video/matroska", ["mkv"]),
    ("video/x-msvideo", ["avi"]),
    ("video/mpeg", ["mpeg", "mpg"]),
    ("video/mp2t", ["m2ts", "mts"]),
    ("video/ogg", ["ogv"]),
    ("video/3gpp", ["3gp"]),
    ("video/x-ms-wmv", ["wmv"]),
    ("video/x-flv", ["flv"]),
  ]

  private static let document: [(type: String, extensions: [String])] = [
    ("application/pdf", ["pdf"]),
    ("application/postscript", ["ps", "eps", "ai"]),
    ("application/rtf", ["rtf"]),
    ("application/epub+zip", ["epub"]),
    ("application/msword", ["doc"]),
    ("application/vnd.ms-excel", ["xls"]),
    ("application/vnd.ms-powerpoint", ["ppt"]),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ["docx"]),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ["xlsx"]),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ["pptx"]),
    ("application/vnd.oasis.opendocument.text", ["odt"]),
    ("application/vnd.oasis.opendocument.spreadsheet", ["ods"]),
    ("application/vnd.oasis.opendocument.presentation", ["odp"]),
    ("application/x-tex", ["tex"]),
    ("message/rfc822", ["eml"]),
  ]

  private static let archive: [(type: String, extensions: [String])] = [
    ("application/zip", ["zip"]),
    ("application/gzip", ["gz", "tgz"]),
    ("application/zstd", ["zst"]),
    ("application/x-bzip2", ["bz2"]),
    ("application/x-xz", ["xz"]),
    ("application/x-lz4", ["lz4"]),
    ("application/x-tar", ["tar"]),
    ("application/x-7z-compressed", ["7z"]),
    ("application/vnd.rar", ["rar"]),
    ("application/x-iso9660-image", ["iso"]),
    ("application/x-apple-diskimage", ["dmg"]),
    ("application/vnd.debian.binary-package", ["deb"]),
    ("application/x-rpm", ["rpm"]),
    ("application/vnd.ms-cab-compressed", ["cab"]),
    ("application/java-archive", ["jar", "war"]),
    ("application/vnd.android.package-archive", ["apk"]),
    ("application/x-qemu-disk", ["qcow2"]),
  ]

  private static let other: [(type: String, extensions: [String])] = [
    ("application/octet-stream", ["bin", "dat", "img"]),
    ("application/wasm", ["wasm"]),
    ("application/vnd.sqlite3", ["sqlite", "sqlite3", "db"]),
    ("application/vnd.apache.parquet", ["parquet"]),
    ("application/vnd.apache.arrow.file", ["arrow"]),
    ("application/x-hdf5", ["h5", "hdf5"]),
    ("application/vnd.tcpdump.pcap", ["pcap"]),
    ("application/vnd.microsoft.portable-executable", ["exe", "dll"]),
    ("application/x-sharedlib", ["so"]),
    ("application/java-vm", ["class"]),
    ("application/x-pem-file", ["pem"]),
    ("application/x-bittorrent", ["torrent"]),
    ("font/woff2", ["woff2"]),
    ("font/woff", ["woff"]),
    ("font/ttf", ["ttf"]),
    ("font/otf", ["otf"]),
    ("model/stl", ["stl"]),
    ("model/gltf-binary", ["glb"]),
  ]
}
