import UploadTestSupport

/// Small real files of many kinds, made by Python or found on the machine.
enum SampleFiles {
  /// Makes them in a directory; each is named after its kind.
  static func make(in directory: TemporaryDirectory) async throws {
    for script in [library, images, sound, archives, programs, text] {
      let ended = try await ProcessRunner.run("python3", ["-c", start + script, directory.path])
      guard ended.exit == .status(0) else { throw TimeoutError("python3 made no samples: \(ended)") }
    }
  }

  private static let start = #"""
    import bz2, gzip, io, lzma, os, random, shutil, sqlite3, struct, sys, tarfile, wave, zipfile, zlib
    place = sys.argv[1]
    def save(name, data):
        with open(os.path.join(place, name), "wb") as file:
            file.write(data)
    random.seed(1)
    noise = bytes(random.randrange(256) for _ in range(5000))
    prose = b"The quick brown fox jumps over the lazy dog.\n" * 40
    def be(number): return struct.pack(">I", number)
    def box(kind, *brands): return be(16 + 4 * len(brands)) + b"ftyp" + kind + bytes(4) + b"".join(brands)

    """#

  /// What Python's own modules write.
  private static let library = #"""
    def archive(name, entries, stored=()):
        with zipfile.ZipFile(os.path.join(place, name), "w", zipfile.ZIP_DEFLATED) as target:
            for entry, data in entries:
                target.writestr(entry, data, zipfile.ZIP_STORED if entry in stored else zipfile.ZIP_DEFLATED)
    archive("zip", [("a.txt", prose), ("b.bin", noise)])
    kinds = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">' + prose
    for name, main in [("docx", "word/document.xml"), ("xlsx", "xl/workbook.xml"), ("pptx", "ppt/presentation.xml")]:
        archive(name, [("[Content_Types].xml", kinds), ("_rels/.rels", kinds), (main, prose), ("docProps/app.xml", kinds)])
    # As Office 365 and Google write them: the list of parts first, its header filled up, lengths behind the content.
    def entry(name, data, later=False):
        packed = zlib.compress(data, 9)[2:-4]
        sizes = struct.pack("<III", zlib.crc32(data), len(packed), len(data))
        filling = b"" if later else b"\x28\xa0\4\2".ljust(0x108, b"\0")
        return (b"PK\3\4" + struct.pack("<HHHHH", 20, 8 if later else 6, 8, 0, 33) + (bytes(12) if later else sizes)
                + struct.pack("<HH", len(name), len(filling)) + name + filling + packed
                + (b"PK\7\x08" + sizes if later else b""))
    for name, main in [("docx", b"word/document.xml"), ("xlsx", b"xl/workbook.xml"), ("pptx", b"ppt/presentation.xml")]:
        for way, later in [("365", False), ("later", True)]:
            data = [entry(part, content, later) for part, content in [
                (b"[Content_Types].xml", noise), (b"_rels/.rels", kinds), (b"docProps/core.xml", noise), (main, prose),
                (b"docProps/app.xml", prose)]]
            save(way + "." + name, b"".join(data) + noise)
    for name, kind in [("odt", "text"), ("ods", "spreadsheet"), ("odp", "presentation"), ("odg", "graphics")]:
        archive(name, [("mimetype", "application/vnd.oasis.opendocument." + kind), ("content.xml", kinds)], ("mimetype",))
    archive("epub", [("mimetype", "application/epub+zip"), ("META-INF/container.xml", kinds)], ("mimetype",))
    archive("jar", [("META-INF/", b""), ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n"), ("A.class", noise)])
    archive("apk", [("AndroidManifest.xml", noise), ("classes.dex", noise), ("META-INF/MANIFEST.MF", b"x")])
    save("gz", gzip.compress(noise))
    save("bz2", bz2.compress(noise))
    save("xz", lzma.compress(noise))
    save("lzma", lzma.compress(noise, lzma.FORMAT_ALONE))
    save("text.txt", prose)
    with tarfile.open(os.path.join(place, "tar"), "w") as target:
        target.add(os.path.join(place, "text.txt"), "text.txt")
    base = sqlite3.connect(os.path.join(place, "sqlite"))
    base.execute("create table t (a)"); base.execute("insert into t values (1)"); base.commit(); base.close()
    with wave.open(os.path.join(place, "wav"), "wb") as sound:
        sound.setnchannels(1); sound.setsampwidth(2); sound.setframerate(8000); sound.writeframes(noise)
    """#

  private static let images = #"""
    def chunk(kind, data): return be(len(data)) + kind + data + be(zlib.crc32(kind + data))
    save("png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
         + chunk(b"IDAT", zlib.compress(bytes(72))) + chunk(b"IEND", b""))
    save("jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + noise)
    save("gif", b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(6) + b"," + noise)
    save("bmp", b"BM" + struct.pack("<IHHIIiiHHIIiiII", 118, 0, 0, 54, 40, 4, 4, 1, 24, 0, 64, 2835, 2835, 0, 0) + bytes(64))
    save("webp", b"RIFF" + struct.pack("<I", 5000) + b"WEBPVP8 " + struct.pack("<I", 4980) + noise)
    save("ico", b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0" + struct.pack("<II", 1128, 22) + b"\x28\0\0\0" + bytes(1124))
    save("tiff", b"II*\0\x08\0\0\0\x02\0\0\1\3\0\1\0\0\0\x10\0\0\0\1\1\3\0\1\0\0\0\x10\0\0\0" + noise)
    save("psd", b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 16, 16, 8, 3) + noise)
    save("avif", box(b"avif", b"mif1", b"miaf") + noise)
    save("heic", box(b"heic", b"mif1", b"heic") + noise)
    save("jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + be(20) + b"ftypjxl \0\0\0\0jxl " + noise)
    save("jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + be(20) + b"ftypjp2 \0\0\0\0jp2 " + noise)
    def jpeg2000(kind): return b"\0\0\0\x0cjP  \r\n\x87\n" + be(20) + b"ftyp" + kind + bytes(4) + kind + noise
    for name, kind in [("jpx", b"jpx "), ("jpm", b"jpm "), ("mj2", b"mjp2")]: save(name, jpeg2000(kind))
    save("j2c", b"\xff\x4f\xff\x51\0\x2f" + noise)
    for brand in ["heix", "hevc", "hevx", "heim", "hevs", "mif1", "msf1", "avis", "avcs"]:
        save("ftyp." + brand, box(brand.encode(), b"miaf") + noise)
    save("xcf", b"gimp xcf file\0" + be(16) * 2 + be(0) + noise)
    save("pbm", b"P4\n8 8\n" + noise[:8])
    save("pgm", b"P5\n8 8\n255\n" + noise[:64])
    save("ppm", b"P6\n8 8\n255\n" + noise[:192])
    save("exr", b"\x76\x2f\x31\x01\x02\0\0\0" + noise)
    save("dds", b"DDS " + struct.pack("<IIII", 124, 0x1007, 16, 16) + noise)
    save("icns", b"icns" + be(5008) + b"ic07" + be(5000) + noise[:4992])
    save("djvu", b"AT&TFORM" + be(5000) + b"DJVUINFO" + noise)
    save("fits", b"SIMPLE  =                    T / file does conform to FITS standard".ljust(2880) + noise)
    save("svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>\n')
    save("declared.svg", b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>\n')
    save("qoi", b"qoif" + be(8) * 2 + b"\x03\0" + noise)
    """#

  private static let sound = #"""
    def frames(start, length): return (start + noise[:length - len(start)]) * 8
    save("mp3", frames(b"\xff\xfb\x90\x00", 417))
    save("id3.mp3", b"ID3\x03\0\0\0\0\0\x0a" + bytes(10) + frames(b"\xff\xfb\x90\x00", 417))
    for name, start, length in [("mp2", b"\xff\xfd\x90\x00", 522), ("mp2.384", b"\xff\xfd\xe8\x00", 1728),
                               ("mp1", b"\xff\xff\x90\x00", 312), ("mpeg2.mp3", b"\xff\xf3\x80\x00", 208),
                               ("mpeg2.mp2", b"\xff\xf5\x80\x00", 417), ("mpeg25.mp3", b"\xff\xe3\x80\x00", 417)]:
        save(name, frames(start, length))
    tag = b"ID3\4\0\0\0\1\x56\x20" + bytes(0x56 * 128 + 0x20 + 16384)
    save("id3.flac", tag + b"fLaC\0\0\0\x22\x10\0\x10\0" + noise)
    save("id3.aac", tag + frames(b"\xff\xf1\x50\x80\x0c\x9f\xfc", 100))
    save("id3.ape", tag + b"MAC \x96\x0f" + noise)
    def ogg(first): return b"OggS\0\2" + bytes(8) + noise[:4] + bytes(4) + noise[:4] + b"\1" + bytes([len(first)]) + first
    for name, first in [("opus", b"OpusHead\1\2"), ("speex", b"Speex   1.2"), ("oggflac", b"\x7fFLAC\1\0\0\1fLaC"),
                        ("theora", b"\x80theora\3\2\1"), ("skeleton", b"fishead\0\4\0")]:
        save(name + ".ogg", ogg(first + bytes(30)) + noise)
    save("aac", frames(b"\xff\xf1\x50\x80\x0c\x9f\xfc", 100))
    save("aiff", b"FORM" + be(5000) + b"AIFFCOMM" + be(18) + noise)
    save("au", b".snd" + be(24) + be(5000) + be(1) + be(8000) + be(1) + noise)
    save("mid", b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk" + be(4) + b"\0\xff\x2f\0")
    save("flac", b"fLaC\0\0\0\x22\x10\0\x10\0" + noise)
    save("ogg", b"OggS\0\2" + bytes(8) + noise[:4] + bytes(4) + noise[:4] + b"\1\x1e\1vorbis" + noise)
    save("amr", b"#!AMR\n" + noise)
    save("wavpack", b"wvpk" + struct.pack("<IHBB", 5000, 0x407, 0, 0) + noise)
    save("caf", b"caff\0\1\0\0desc" + noise)
    save("mp4", box(b"isom", b"isom", b"mp42") + b"\0\0\0\x08free" + noise)
    save("isom.mp4", box(b"isom", b"iso2", b"avc1") + b"\0\0\0\x08free" + noise)
    save("mov", box(b"qt  ", b"qt  ") + b"\0\0\0\x08wide" + noise)
    save("m4a", box(b"M4A ", b"isom") + noise)
    for brand in ["iso2", "iso9", "mp41", "avc1", "dash", "M4B ", "M4V ", "M4VP", "F4V ", "F4P ", "F4A ", "F4B ", "NDSC", "isml",
                  "mmp4", "3gp4", "3gp9", "3ge6", "3gg6", "3gr6", "3gs6", "3g2a", "3g2c", "KDDI", "dvr1", "M4P ", "MSNV", "crx "]:
        save("ftyp." + brand.strip(), box(brand.encode(), b"\0\0\0\0") + noise)
    save("3gp", box(b"3gp5", b"isom") + noise)
    def matroska(kind):
        header = b"\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08"
        header += b"\x42\x82" + bytes([0x80 | len(kind)]) + kind + b"\x42\x87\x81\x04\x42\x85\x81\x02"
        return b"\x1a\x45\xdf\xa3" + bytes([0x80 | len(header)]) + header + b"\x18\x53\x80\x67" + noise
    save("webm", matroska(b"webm"))
    save("mkv", matroska(b"matroska"))
    save("avi", b"RIFF" + struct.pack("<I", 5000) + b"AVI LIST" + noise)
    save("flv", b"FLV\1\5\0\0\0\x09\0\0\0\0" + noise)
    save("asf", bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + noise)
    save("mpeg", b"\0\0\1\xba\x44\0\4\0\4\1\0\1\x89\xc3\xf8" + noise)
    save("ts", (b"\x47\x40\0\x10" + noise[:184].replace(b"\x47", b"\x48")) * 20)
    """#

  private static let archives = #"""
    save("zst", bytes.fromhex("28b52ffd2400010000") + bytes.fromhex("99e9d851"))
    save("lz4", bytes.fromhex("04224d186440a7") + noise)
    save("7z", b"7z\xbc\xaf\x27\x1c\0\4" + noise)
    save("rar", b"Rar!\x1a\7\0" + noise)
    save("cab", b"MSCF" + bytes(4) + struct.pack("<IIIIBBHHHHH", 5000, 0, 44, 0, 3, 1, 1, 1, 0, 1, 0) + noise)
    def member(name, data):
        return name.ljust(16) + b"0           0     0     100644  " + str(len(data)).encode().ljust(10) + b"`\n" + data
    save("ar", b"!<arch>\n" + member(b"a.o/", noise))
    save("deb", b"!<arch>\n" + member(b"debian-binary", b"2.0\n") + member(b"control.tar.gz", gzip.compress(noise)))
    save("rpm", b"\xed\xab\xee\xdb\3\0\0\0\0\1" + b"sluice-1.0-1".ljust(66, b"\0") + b"\0\1\0\5" + bytes(16) + noise)
    header = bytearray(512)
    for offset, field in [(0, b"a.txt"), (100, b"0000644"), (108, b"0001750"), (116, b"0001750"), (124, b"00000000005"),
                          (136, b"14000000000"), (148, b" " * 8)]: header[offset:offset + len(field)] = field
    header[148:156] = b"%06o\0 " % sum(header)
    save("v7.tar", bytes(header) + b"hello".ljust(512, b"\0") + bytes(1024))
    save("cpio", b"070701" + b"00000001" * 11 + b"0000000B" + b"00000000" + b"TRAILER!!!\0")
    save("lz", b"LZIP\1\x0c" + noise)
    save("lzo", bytes.fromhex("894c5a4f000d0a1a0a1030") + noise)
    save("xar", b"xar!\0\x1c\0\1" + bytes(16) + be(1) + noise)
    save("z", b"\x1f\x9d\x90" + noise)
    save("iso", bytes(32768) + b"\1CD001\1\0" + b"LINUX".ljust(32) + b"DISC".ljust(32) + bytes(4000))
    save("hybrid.iso", noise[:510] + b"\x55\xaa" + bytes(32256) + b"\1CD001\1\0" + b"LINUX".ljust(32) + bytes(4000))
    save("squashfs", b"hsqs" + struct.pack("<IIIIHHHHHH", 5, 1700000000, 131072, 1, 1, 17, 192, 1, 4, 0) + noise)
    save("qcow2", b"QFI\xfb" + be(3) + noise)
    save("hdf5", b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0" + noise)
    save("parquet", b"PAR1\x15\x04" + noise + b"PAR1")
    save("arrow", b"ARROW1\0\0" + noise)
    save("avro", b"Obj\1\4\x16avro.schema" + noise)
    save("npy", b"\x93NUMPY\1\0v\0{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }".ljust(127) + b"\n" + noise)
    save("pcap", struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1) + noise)
    save("pcapng", b"\n\r\r\n" + struct.pack("<IIHHq", 28, 0x1a2b3c4d, 1, 0, -1) + struct.pack("<I", 28) + noise)
    save("random", noise)
    save("empty", b"")
    save("nul", b"\0")
    """#

  private static let programs = #"""
    shutil.copyfile(os.path.realpath("/bin/ls"), os.path.join(place, "program"))
    libraries = (name for root in ["/lib", "/usr/lib"] for top, _, names in os.walk(root)
                 for name in [os.path.join(top, one) for one in names] if os.path.basename(name) == "libc.so.6")
    shutil.copyfile(os.path.realpath(next(libraries)), os.path.join(place, "so"))
    elf = b"\x7fELF\2\1\1" + bytes(9)
    save("o", elf + struct.pack("<HHI", 1, 62, 1) + bytes(32) + struct.pack("<HHHHHH", 64, 0, 0, 64, 0, 0))
    save("exe", b"MZ" + bytes(58) + struct.pack("<I", 128) + bytes(64) + b"PE\0\0" + struct.pack("<HH", 0x8664, 1)
         + bytes(12) + struct.pack("<HH", 240, 0x22) + b"\x0b\x02" + bytes(66) + b"\3\0" + bytes(500))
    save("macho", bytes.fromhex("cffaedfe0700000103000000020000001000000000000000") + noise)
    save("class", b"\xca\xfe\xba\xbe\0\0\0\x34\0\x10" + noise)
    save("dex", b"dex\n035\0" + noise)
    save("wasm", b"\0asm\1\0\0\0" + noise)
    sfnt = struct.pack(">HHHH", 9, 128, 3, 16) + b"OS/2" + bytes(12) + b"cmap" + bytes(12) + b"glyf" + bytes(12) + noise
    save("ttf", b"\0\1\0\0" + sfnt)
    save("otf", b"OTTO" + sfnt)
    save("woff", b"wOFF\0\1\0\0" + be(5000) + b"\0\x09\0\0" + be(9000) + b"\0\1\0\0" + noise)
    save("woff2", b"wOF2\0\1\0\0" + be(5000) + b"\0\x09\0\0" + be(9000) + be(4000) + b"\0\1\0\0" + noise)
    save("ole", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + b"\x3e\0\3\0\xfe\xff\x09\0" + bytes(6000))
    save("mo", b"\xde\x12\4\x95" + struct.pack("<IIIIII", 0, 1, 28, 36, 0, 44) + bytes(100))
    save("lnk", bytes.fromhex("4c0000000114020000000000c000000000000046") + bytes(200))
    save("chm", b"ITSF\3\0\0\0\x60\0\0\0\1\0\0\0" + noise)
    """#

  private static let text = #"""
    save("utf8.txt", "Grüße aus Köln, schön und überhaupt.\n".encode() * 9)
    save("bom.txt", b"\xef\xbb\xbf" + "Grüße\n".encode() * 9)
    save("utf16.txt", "\ufeffGrüße\n".encode("utf-16-le") * 1)
    save("utf16be.txt", "\ufeffGrüße\n".encode("utf-16-be") * 1)
    save("latin1.txt", "Grüße aus Köln.\n".encode("latin-1") * 9)
    save("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n" + noise)
    save("ps", b"%!PS-Adobe-3.0\n%%Pages: 1\nshowpage\n")
    save("plain.ps", b"%!\n/Times-Roman findfont\n")
    save("printer.ps", b"\x04%!PS-Adobe-3.0\nshowpage\n")
    save("eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n")
    save("dos.eps", b"\xc5\xd0\xd3\xc6" + struct.pack("<IIIIII", 32, 100, 0, 0, 132, 100) + b"\xff\xff\0\0%!PS" + noise)
    declared = '<?xml version="1.0"?>\n<note><to>you</to></note>\n'
    save("bom.xml", ("\ufeff" + declared).encode())
    save("utf16le.xml", ("\ufeff" + declared).encode("utf-16-le"))
    save("utf16be.xml", ("\ufeff" + declared).encode("utf-16-be"))
    save("bom.html", "\ufeff<!DOCTYPE html>\n<html><head><title>x</title></head></html>\n".encode())
    save("html", b"<!DOCTYPE html>\n<html><head><title>x</title></head><body>y</body></html>\n")
    save("xml", b'<?xml version="1.0"?>\n<note><to>you</to></note>\n')
    save("json", b'{"name": "a", "list": [1, 2.5e3, true, null], "inner": {"b": "c"}}\n')
    save("pretty.json", b'{\n  "name": "a",\n  "list": [\n    1,\n    2\n  ]\n}\n')
    save("ndjson", b'{"a": 1}\n{"a": 2}\n{"a": 3}\n')
    save("csv", b"name,size,kind\na.bin,17,file\nb.bin,18,file\nc.bin,19,file\n" * 9)
    save("tsv", b"name\tsize\na.bin\t17\nb.bin\t18\n" * 9)
    save("rtf", b"{\\rtf1\\ansi{\\fonttbl\\f0\\fswiss Helvetica;}\\f0\\pard Hello\\par}\n")
    save("pem", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    save("vcf", b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nEND:VCARD\r\n")
    save("ics", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//a//b//EN\r\nEND:VCALENDAR\r\n")
    save("vtt", b"WEBVTT\n\n00:00.000 --> 00:01.000\nHi\n")
    save("sh", b"#!/bin/sh\necho hello\nexit 0\n")
    save("py", b"#!/usr/bin/env python3\nimport sys\nprint(sys.path)\n")
    save("pl", b"#!/usr/bin/perl\nuse strict;\nprint 1;\n")
    save("diff", b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n")
    save("torrent", b"d8:announce20:http://localhost:80/4:infod6:lengthi5eee")
    """#
}
