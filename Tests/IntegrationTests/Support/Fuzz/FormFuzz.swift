/// Forms: boundaries, part headers and delimiters of all kinds.
enum FormFuzz {
  /// The parameter that declares a boundary, and the boundary that the body has.
  private static let boundaries = [
    ("boundary=\"Z\"", "Z"), ("boundary=\"a b\"", "a b"), ("BOUNDARY=Z; charset=utf-8", "Z"),
    ("boundary=--Z", "--Z"), ("boundary=\"\"", ""), ("boundary=", ""), ("", "Z"), ("boundary=\"Z", "Z"),
    ("boundary=\"Z\\\"\"", "Z\""), ("boundary=Z; boundary=Y", "Z"), ("boundary='Z'", "Z"), ("boundary=Zü", "Zü"),
    ("boundary=Z\u{0}", "Z"), (of(70), long(70)), (of(200), long(200)), (of(201), long(201)), (of(5000), long(5000)),
    ("boundary=\"\r\n\"", "\r\n"), ("boundary*=utf-8''Z", "Z"), ("boundary=\r", "\r"),
  ]
  private static let dispositions = [
    "form-data; name=\"a\"; filename=\"x.txt\"", "form-data; name=\"a\"; filename=\"x.txt\"",
    "form-data; name=\"a\"; filename=\"\"", "form-data; name=\"a\"", "form-data; filename=x",
    "form-data; name=a; filename=x y", "form-data; name=\"a\"; filename*=utf-8''x%20y",
    "form-data; name=\"a\"; filename=\"x\"; filename*=utf-8''y", "form-data; name=\"a\"; filename*=utf-8''%FF%00%",
    "form-data; name=\"a\"; filename*=iso-8859-1'en'%A3", "form-data; name=\"a\"; filename*=utf-16''%00x",
    "form-data; name=\"a\"; filename*=", "form-data; name=\"a\"; filename*0=\"a\"; filename*1=\"b\"",
    "form-data; name=\"a\"; filename=\"x", "form-data; name=\"a\"; filename=\"C:\\dir\\\"x\\\".txt\"",
    "form-data; name=\"a\"; filename=\"%22%0D%0A\"", "form-data; name=\"a\"; filename=\"x\"; filename=\"y\"",
    "attachment; filename=\"x\"", "form-data", ";", "", "form-data; name=\"\u{0}\"; filename=\"\u{1B}[2J\"",
    "form-data; name=\"" + long(9000) + "\"", "form-data; name=\"a\"; filename=\"../../escaped\"",
  ]
  private static let fields = [
    "Content-Type: text/plain", "Content-Type: multipart/mixed; boundary=Y", "Content-Type: \u{1B}",
    "Content-Length: 3",
    "Content-Length: -1", "Content-Length: 99999999999999999999", "Content-Transfer-Encoding: binary",
    "Content-Transfer-Encoding: base64", "Repr-Digest: sha-256=:AAAA:", "X: a\r\n folded", "no colon", ": x", "X:",
    "ü: ü",
    "X: a\rb", "X: a\nb", "X: a\u{0}", "X: " + long(8200),
    Array(repeating: "X: y", count: 17).joined(separator: "\r\n"),
  ]
  private static let contents = [
    "", "c", "\r", "\r\n", "\r\n-", "\r\n--", "--Z", "\r\n--Y\r\n", "\r\n--ZZ", "\n--Z\n", "\r\n--Z-", "%PDF-1.7\n",
    "{\"a\": 1}", "--Y\r\nContent-Disposition: file; filename=\"n\"\r\n\r\nx\r\n--Y--\r\n", long(3000),
  ]
  private static let delimiterEnds = ["  \r\n", "\n", "", "x\r\n", "\t\r\n", "\r", "-\r\n", "--\r\n"]
  private static let closes = ["--", "", "-", "-- \r\n", "--\r\nepilogue", "--\r\n--Z\r\n", "--x"]

  private static func long(_ count: Int) -> String { String(repeating: "b", count: count) }
  private static func of(_ count: Int) -> String { "boundary=\(long(count))" }

  /// - Returns: the request, and whether it ends by itself.
  static func make(_ random: inout FuzzRandom) -> (bytes: [UInt8], isWhole: Bool) {
    let (parameter, boundary) = random.oneIn(4) ? random.pick(boundaries) : ("boundary=Z", "Z")
    let body = body(boundary, &random)
    var bytes: [UInt8] = []
    bytes.add("POST /file-upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; \(parameter)\r\n")
    if random.oneIn(10) { bytes.add("Accept: text/html\r\n") }
    let isOdd = random.oneIn(6)
    if random.oneIn(5) {
      let size = String(max(0, body.count + (isOdd ? random.below(9) - 4 : 0)), radix: 16)
      bytes.add("Transfer-Encoding: chunked\r\n\r\n\(size)\r\n")
      bytes += body
      bytes.add("\r\n0\r\n\r\n")
    } else {
      bytes.add("Content-Length: \(max(0, body.count + (isOdd ? random.below(200) - 100 : 0)))\r\n\r\n")
      bytes += body
    }
    return (bytes, !isOdd && !body.isEmpty && !parameter.utf8.contains { $0 < 0x20 })
  }

  private static func body(_ boundary: String, _ random: inout FuzzRandom) -> [UInt8] {
    var body: [UInt8] = []
    if random.oneIn(10) { body.add(random.pick(["preamble\r\n", "\r\n", long(9000), "\n"])) }
    // Occasionally more parts than are accepted: of files, and of fields.
    let crowd = random.oneIn(150) ? random.pick([101, 1001]) : 0
    for _ in 0..<crowd {
      let file = crowd == 101 ? "; filename=\"f\"" : ""
      body.add("--\(boundary)\r\nContent-Disposition: form-data; name=\"a\"\(file)\r\n\r\nc\r\n")
    }
    for _ in 0..<random.below(4) { part(boundary, &body, &random) }
    body.add("--\(boundary)\(random.oneIn(6) ? random.pick(closes) : "--\r\n")")
    return body
  }

  private static func part(_ boundary: String, _ body: inout [UInt8], _ random: inout FuzzRandom) {
    body.add("--\(boundary)\(random.oneIn(12) ? random.pick(delimiterEnds) : "\r\n")")
    body.add("Content-Disposition: \(random.pick(dispositions))\r\n")
    for _ in 0..<random.below(3) where random.oneIn(3) { body.add(random.pick(fields) + "\r\n") }
    if !random.oneIn(20) { body.add("\r\n") }
    if random.oneIn(3) {
      body += random.bytes(upTo: random.oneIn(100) ? 80_000 : 300)
    } else {
      for _ in 0..<random.below(4) { body.add(random.pick(contents)) }
    }
    if !random.oneIn(12) { body.add("\r\n") }
  }
}
