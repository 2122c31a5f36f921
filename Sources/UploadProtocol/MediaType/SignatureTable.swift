/// Signatures of types that the standard does not know. The first that matches counts, so longer ones come before those
/// that they begin with. Names of types are IANA's where there is one, else the usual `x-` name.
enum SignatureTable {
  /// Of files that are no text.
  static let binary = archives + packages + discs + images + sounds + data + programs

  private static let archives = [
    BytePattern("application/x-7z-compressed", hex: "37 7A BC AF 27 1C"),
    BytePattern("application/x-xz", hex: "FD 37 7A 58 5A 00"),
    BytePattern("application/zstd", hex: "28 B5 2F FD"),
    BytePattern("application/x-bzip2", hex: "42 5A 68 .. 31 41 59 26 53 59"),
    BytePattern("application/x-bzip2", hex: "42 5A 68 .. 17 72 45 38 50 90"),
    BytePattern("application/x-lz4", hex: "04 22 4D 18"),
    BytePattern("application/x-lzip", "LZIP\u{1}"),
    BytePattern("application/x-lzop", hex: "89 4C 5A 4F 00 0D 0A 1A 0A"),
    BytePattern("application/x-lzma", hex: "5D 00 00 .. .. FF FF FF FF FF FF FF FF"),
    BytePattern("application/x-compress", hex: "1F 9D 90"),
    BytePattern("application/x-snappy-framed", hex: "FF 06 00 00 73 4E 61 50 70 59"),
    BytePattern("application/x-tar", "ustar", at: 257),
    BytePattern("application/vnd.rar", hex: "52 61 72 21 1A 07"),
    // An empty archive, and one in several volumes: the standard knows neither.
    BytePattern("application/zip", hex: "50 4B 05 06"),
    BytePattern("application/zip", hex: "50 4B 07 08 50 4B 03 04"),
    BytePattern("application/vnd.ms-cab-compressed", hex: "4D 53 43 46 00 00 00 00"),
    BytePattern("application/x-cpio", hex: "C7 71"),
    BytePattern("application/x-lzh-compressed", hex: "2D 6C 68 .. 2D", at: 2),
    BytePattern("application/x-xar", hex: "78 61 72 21 00"),
  ]

  private static let packages = [
    BytePattern("application/x-rpm", hex: "ED AB EE DB"),
    BytePattern("application/x-chrome-extension", hex: "43 72 32 34 .. 00 00 00"),
    BytePattern("application/vnd.ms-htmlhelp", hex: "49 54 53 46 .. 00 00 00"),
    BytePattern("application/x-mobipocket-ebook", "BOOKMOBI", at: 60),
    BytePattern("application/x-ms-shortcut", hex: "4C 00 00 00 01 14 02 00"),
    // Word, Excel and PowerPoint before 2007, Outlook, installers: what is in it stands far behind.
    BytePattern("application/x-ole-storage", hex: "D0 CF 11 E0 A1 B1 1A E1"),
  ]

  private static let discs = [
    BytePattern("application/vnd.squashfs", hex: "68 73 71 73"),
    BytePattern("application/x-qemu-disk", hex: "51 46 49 FB"),
    BytePattern("application/x-vmdk", hex: "4B 44 4D 56 .. 00 00 00"),
    BytePattern("application/x-vhdx", "vhdxfile"),
    BytePattern("application/x-vhd", "conectix"),
    BytePattern("application/x-ms-wim", hex: "4D 53 57 49 4D 00 00 00"),
    BytePattern("application/x-luks", hex: "4C 55 4B 53 BA BE"),
  ]

  private static let images = [
    BytePattern("image/x-canon-cr2", hex: "49 49 2A 00 .. .. .. .. 43 52"),
    BytePattern("image/tiff", hex: "49 49 2A 00"),
    BytePattern("image/tiff", hex: "4D 4D 00 2A"),
    BytePattern("image/tiff", hex: "49 49 2B 00"),
    BytePattern("image/tiff", hex: "4D 4D 00 2B"),
    BytePattern("image/vnd.adobe.photoshop", hex: "38 42 50 53 00"),
    BytePattern("image/x-xcf", "gimp xcf "),
    BytePattern("image/jxl", hex: "FF 0A"),
    BytePattern("image/jxl", hex: "00 00 00 0C 4A 58 4C 20 0D 0A 87 0A"),
    BytePattern("image/jxs", hex: "00 00 00 0C 4A 58 53 20 0D 0A 87 0A"),
    BytePattern("image/j2c", hex: "FF 4F FF 51"),
    // Encapsulated PostScript with a preview in it, as DOS programs write it.
    BytePattern("image/x-eps", hex: "C5 D0 D3 C6"),
    BytePattern("image/vnd.ms-dds", hex: "44 44 53 20 7C 00 00 00"),
    BytePattern("image/qoi", "qoif"),
    BytePattern("image/x-exr", hex: "76 2F 31 01"),
    BytePattern("image/vnd.radiance", "#?RADIANCE"),
    BytePattern("image/icns", hex: "69 63 6E 73 00"),
    BytePattern("image/vnd.djvu", hex: "41 54 26 54 46 4F 52 4D .. .. .. .. 44 4A 56"),
    BytePattern("application/dicom", "DICM", at: 128),
  ]

  private static let sounds = [
    BytePattern("audio/flac", "fLaC"),
    BytePattern("audio/aiff", hex: "46 4F 52 4D .. .. .. .. 41 49 46 43"),
    BytePattern("audio/amr", "#!AMR"),
    BytePattern("audio/x-wavpack", "wvpk"),
    BytePattern("audio/x-ape", hex: "4D 41 43 20 .. 0F"),
    BytePattern("audio/x-caf", hex: "63 61 66 66 00 01"),
    BytePattern("video/x-flv", hex: "46 4C 56 01"),
    BytePattern("video/x-ms-asf", hex: "30 26 B2 75 8E 66 CF 11 A6 D9 00 AA 00 62 CE 6C"),
    BytePattern("video/mpeg", hex: "00 00 01 BA"),
    BytePattern("video/mpeg", hex: "00 00 01 B3"),
  ]

  private static let data = [
    BytePattern("application/vnd.sqlite3", "SQLite format 3\0"),
    BytePattern("application/vnd.apache.parquet", "PAR1"),
    BytePattern("application/vnd.apache.arrow.file", "ARROW1\0\0"),
    BytePattern("application/vnd.apache.avro", "Obj\u{1}"),
    BytePattern("application/vnd.apache.orc", "ORC"),
    BytePattern("application/x-hdf5", hex: "89 48 44 46 0D 0A 1A 0A"),
    BytePattern("application/x-netcdf", "CDF\u{1}"),
    BytePattern("application/x-netcdf", "CDF\u{2}"),
    BytePattern("application/x-numpy-data", hex: "93 4E 55 4D 50 59"),
    BytePattern("application/x-gguf", "GGUF"),
    BytePattern("application/vnd.tcpdump.pcap", hex: "D4 C3 B2 A1"),
    BytePattern("application/vnd.tcpdump.pcap", hex: "A1 B2 C3 D4"),
    BytePattern("application/vnd.tcpdump.pcap", hex: "4D 3C B2 A1"),
    BytePattern("application/vnd.tcpdump.pcap", hex: "A1 B2 3C 4D"),
    BytePattern("application/x-pcapng", hex: "0A 0D 0D 0A .. .. .. .. 1A 2B 3C 4D"),
    BytePattern("application/x-pcapng", hex: "0A 0D 0D 0A .. .. .. .. 4D 3C 2B 1A"),
    BytePattern("application/x-gettext-translation", hex: "DE 12 04 95"),
    BytePattern("application/x-gettext-translation", hex: "95 04 12 DE"),
    BytePattern("application/x-git-pack", hex: "50 41 43 4B 00 00 00"),
    BytePattern("font/woff2", "wOF2"),
    BytePattern("model/gltf-binary", hex: "67 6C 54 46 .. 00 00 00"),
  ]

  private static let programs = [
    BytePattern("application/wasm", hex: "00 61 73 6D .. 00 00 00"),
    BytePattern("application/vnd.android.dex", hex: "64 65 78 0A .. .. .. 00"),
    BytePattern("application/x-mach-binary", hex: "FE ED FA CE"),
    BytePattern("application/x-mach-binary", hex: "FE ED FA CF"),
    BytePattern("application/x-mach-binary", hex: "CE FA ED FE"),
    BytePattern("application/x-mach-binary", hex: "CF FA ED FE"),
  ]

  /// Of files that may be text all through, at least at their beginning.
  static let text = [
    BytePattern("application/vnd.debian.binary-package", "!<arch>\ndebian-binary"),
    BytePattern("application/x-archive", "!<arch>\n"),
    BytePattern("application/x-archive", "!<thin>\n"),
    BytePattern("application/x-cpio", "070701"),
    BytePattern("application/x-cpio", "070702"),
    BytePattern("application/x-cpio", "070707"),
    BytePattern("application/rtf", "{\\rtf"),
    BytePattern("application/pgp-encrypted", "-----BEGIN PGP MESSAGE-----"),
    BytePattern("application/pgp-keys", "-----BEGIN PGP PUBLIC KEY BLOCK-----"),
    BytePattern("application/pgp-signature", "-----BEGIN PGP SIGNATURE-----"),
    BytePattern("application/x-pem-file", "-----BEGIN "),
    BytePattern("application/x-bittorrent", "d8:announce"),
    BytePattern("application/x-bittorrent", "d13:announce-list"),
    BytePattern("text/vcard", "BEGIN:VCARD"),
    BytePattern("text/calendar", "BEGIN:VCALENDAR"),
    BytePattern("text/vtt", "WEBVTT"),
    BytePattern("text/x-diff", "diff --git "),
    BytePattern("model/ply", "ply\nformat "),
    BytePattern("image/fits", "SIMPLE  =   "),
  ]

  /// Every type that these tables and the rules beside them can tell.
  static var types: Set<String> {
    Set((binary + text).map(\.type))
  }
}
