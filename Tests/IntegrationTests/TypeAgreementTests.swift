import Foundation
import Testing
import UploadProtocol
import UploadTestSupport

/// What the sniffer says of real files beside what `file --mime-type` says of them.
@Suite(.python, Client.needs("file", "--version")) struct TypeAgreementTests {
  /// Names for the same type: ours, and those that `file` has for it in one version or another.
  private static let sameTypes: [String: [String]] = [
    "application/x-gzip": ["application/gzip"],
    "application/x-rar-compressed": ["application/x-rar"],
    "application/vnd.rar": ["application/x-rar"],
    "image/x-icon": ["image/vnd.microsoft.icon"],
    "audio/wave": ["audio/x-wav", "audio/vnd.wave"],
    "video/avi": ["video/x-msvideo"],
    "audio/aiff": ["audio/x-aiff"],
    "application/font-woff": ["font/woff"],
    "font/ttf": ["font/sfnt"],
    "font/otf": ["application/vnd.ms-opentype"],
    "video/matroska": ["video/x-matroska"],
    "application/ogg": ["audio/ogg", "video/ogg"],
    "application/rtf": ["text/rtf"],
    "application/x-sh": ["text/x-shellscript"],
    "application/java-vm": ["application/x-java-applet"],
    "audio/aac": ["audio/x-hx-aac-adts"],
    "audio/mp4": ["audio/x-m4a"],
    "image/icns": ["image/x-icns"],
    "image/qoi": ["image/x-qoi"],
    "image/x-portable-graymap": ["image/x-portable-greymap"],
    "text/x-python": ["text/x-script.python"],
    "video/mp2t": ["video/MP2T"],
    "image/j2c": ["image/x-jp2-codestream"],
    "image/x-eps": ["application/postscript"],
    "image/heic": ["image/heif"],
    "image/heic-sequence": ["image/heif-sequence"],
    "image/avcs": ["image/heif-sequence"],
  ]

  /// Kinds of files on which the two do not agree: what the sniffer says, and why it should.
  private static let explained: [String: (type: String, why: String)] = [
    "arrow": ("application/vnd.apache.arrow.file", unknown),
    "avro": ("application/vnd.apache.avro", unknown),
    "cab": ("application/vnd.ms-cab-compressed", unnamed),
    "caf": ("audio/x-caf", unnamed),
    "ftyp.M4P": ("audio/mp4", "protected audio of iTunes by the registry of brands"),
    "ftyp.MSNV": ("video/mp4", "video of portable players by the registry of brands"),
    "ftyp.crx": ("image/x-canon-cr3", unknown),
    "mp1": ("audio/mpeg", "file does not know layer I"),
    "mpeg25.mp3": ("audio/mpeg", "file knows version 2.5 only at some rates"),
    "dds": ("image/vnd.ms-dds", unnamed),
    "dex": ("application/vnd.android.dex", unnamed),
    "lzo": ("application/x-lzop", unnamed),
    "npy": ("application/x-numpy-data", unnamed),
    "parquet": ("application/vnd.apache.parquet", unnamed),
    "pcapng": ("application/x-pcapng", unnamed),
    "squashfs": ("application/vnd.squashfs", unnamed),
    "wavpack": ("audio/x-wavpack", unnamed),
    "empty": ("application/octet-stream", "no bytes show nothing; an inode is no media type"),
    "jar": (
      "application/java-archive", "file wants a mark that only the jar tool writes; the manifest is what makes a JAR"
    ),
    "pem": ("application/x-pem-file", "file tells only some kinds of PEM from text"),
    "program": ("application/x-sharedlib", "the header calls position-independent programs what it calls libraries"),
    "tsv": ("text/tab-separated-values", "file knows commas alone"),
    "utf8.txt": ("text/plain", "one comma in every line with a space behind it is prose"),
  ]
  private static let unknown = "file does not know it"
  private static let unnamed = "file knows it but has no type for it"

  @Test func `Sluice and the file command detect the same types except for listed differences`() async throws {
    try await withTemporaryDirectory { place in
      try await SampleFiles.make(in: place)
      let kinds = try place.names()
      #expect(kinds.count >= 160)
      var agreeing = 0
      for kind in kinds {
        let ours = try Self.detected(place.file(kind))
        let ended = try await ProcessRunner.run("file", ["--brief", "--mime-type", place.file(kind)])
        let theirs = ended.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let agrees = ours == theirs || Self.sameTypes[ours, default: []].contains(theirs)
        if agrees { agreeing += 1 }
        let reason = Self.explained[kind]
        print(Self.row(kind, ours, theirs, agrees ? "" : reason?.why ?? "UNEXPLAINED"))
        #expect(agrees || reason?.type == ours, "\(kind): \(ours), but file says \(theirs)")
      }
      print("\(agreeing) of \(kinds.count) kinds agree")
      #expect(agreeing >= 140)
    }
  }

  private static func detected(_ path: String) throws -> String {
    let file = try FileHandle(forReadingFrom: URL(filePath: path))
    defer { try? file.close() }
    let type = try MediaTypeSniffer.type { (offset: Int, count: Int) throws -> [UInt8] in
      try file.seek(toOffset: UInt64(offset))
      return Array(try file.read(upToCount: count) ?? Data())
    }
    return type ?? "application/octet-stream"
  }

  private static func row(_ kind: String, _ ours: String, _ theirs: String, _ note: String) -> String {
    let cells = [(kind, 12), (ours, 46), (theirs, 46)].map {
      $0.padding(toLength: max($1, $0.count), withPad: " ", startingAt: 0)
    }
    return (cells + [note]).joined(separator: " ")
  }
}
