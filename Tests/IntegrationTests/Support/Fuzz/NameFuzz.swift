/// Names of files: in a path, a query, a header and a form, in every spelling of what must not be in one.
enum NameFuzz {
  private enum Place: CaseIterable {
    case path, canonicalPath, query, keptQuery, header, extendedHeader, form, extendedForm, keptForm
  }

  /// Parts of names; those with a percent sign mean another byte where names are percent-decoded.
  private static let pieces: [[UInt8]] =
    [
      "a", "a", "b.txt", ".", "..", "...", "/", "\\", "../", "..\\", "/../../", "%2F", "%2f", "%5C", "%2E%2E%2F",
      "%252F", "%25%32%46", "%", "%2", "%zz", "%%", "%00", "%0D%0A", "%1B%5B31m", "\u{1B}[31m", "\u{7}", "\u{0}",
      "\u{7F}",
      "\u{9B}", "\u{202E}", "%E2%80%AE", "\u{200B}", "%EF%BB%BF", "\u{2028}", "é", "e\u{301}", "%C3%A9", "%C0%AE",
      "%C0%AF",
      "%E0%80%AF", "%FF", "%F0%9F%98%80", "😀", "ﬁ", "\u{FFFD}", "\u{FFFF}", " ", "+", "%20", "~", "$(id)", ";", "?",
      "#",
      "&", "=", "\"", "\\\"", "'", "*", "|", "<", ":", "C:\\", "CON", "NUL.txt", "-rf", "link", "link/", ".sluice-",
      ".sluice-1.part", ".part", "canary", "escaped", "../escaped", "../canary", "/tmp/escaped", "%2Ftmp%2Fescaped",
      ".tar.gz", ".partial", " (2)", "\t", "\r", "\n", "\r\n", "file://", "//", "healthz", "stream-upload",
    ].map { Array($0.utf8) } + [
      [0xC0, 0xAE], [0xC0, 0xAF], [0xFF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
    ]

  private static let longPieces = [
    String(repeating: "n", count: 255), String(repeating: "n", count: 4096), String(repeating: "é", count: 200),
    String(repeating: "\u{301}", count: 300), String(repeating: "../", count: 1300),
    String(repeating: "%2E", count: 1300),
    String(repeating: ".", count: 256), String(repeating: "a.", count: 200), String(repeating: " ", count: 300),
  ]

  /// - Returns: the request, and whether it ends by itself.
  static func make(_ random: inout FuzzRandom) -> (bytes: [UInt8], isWhole: Bool) {
    let name = name(&random)
    let content = random.bytes(upTo: 30)
    // A line break in a name ends the headers early.
    let isWhole = !name.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 }
    switch random.pick(Place.allCases) {
    case .path: return (request("PUT /", name, "", content), isWhole)
    case .canonicalPath: return (request("PUT /files/", name, "", content), isWhole)
    case .query: return (request("POST /stream-upload?name=", name, "", content), isWhole)
    case .keptQuery: return (request("POST /stream-upload?paths=keep&name=", name, "", content), isWhole)
    case .header: return (disposition("filename=\"", name, "\"", content), isWhole)
    case .extendedHeader: return (disposition("filename*=utf-8''", name, "", content), isWhole)
    case .form: return (form("filename=\"", name, "\"", content), true)
    case .keptForm: return (form("filename=\"", name, "\"", content, query: "?paths=keep"), true)
    case .extendedForm: return (form("filename*=utf-8''", name, "", content), true)
    }
  }

  private static func name(_ random: inout FuzzRandom) -> [UInt8] {
    var name: [UInt8] = []
    for _ in 0...random.below(5) {
      if random.oneIn(25) { name.add(random.pick(longPieces)) } else { name += random.pick(pieces) }
    }
    return name
  }

  private static func request(_ line: String, _ name: [UInt8], _ fields: String, _ content: [UInt8]) -> [UInt8] {
    var bytes = Array(line.utf8) + name
    bytes.add(" HTTP/1.1\r\nHost: localhost\r\n\(fields)Content-Length: \(content.count)\r\n\r\n")
    return bytes + content
  }

  private static func disposition(_ start: String, _ name: [UInt8], _ end: String, _ content: [UInt8]) -> [UInt8] {
    var bytes = Array(
      "POST /stream-upload HTTP/1.1\r\nHost: localhost\r\nContent-Disposition: attachment; \(start)".utf8
    )
    bytes += name
    bytes.add("\(end)\r\nContent-Length: \(content.count)\r\n\r\n")
    return bytes + content
  }

  private static func form(
    _ start: String,
    _ name: [UInt8],
    _ end: String,
    _ content: [UInt8],
    query: String = ""
  ) -> [UInt8] {
    var body = Array("--Z\r\nContent-Disposition: form-data; name=\"a\"; \(start)".utf8)
    body += name
    body.add("\(end)\r\n\r\n")
    body += content
    body.add("\r\n--Z--\r\n")
    return request("POST /file-upload\(query)", [], "Content-Type: multipart/form-data; boundary=Z\r\n", body)
  }
}
