/// Bodies in chunks: sizes, extensions, line ends and trailers of all kinds.
enum ChunkFuzz {
  private static let heads = ["PUT /c", "PUT /c", "POST /stream-upload?name=c", "POST /file-upload", "GET /files"]
  private static let fields = [
    "", "", "", "Expect: 100-continue\r\n", "Trailer: Repr-Digest\r\n", "Connection: close\r\n",
    "Want-Repr-Digest: sha-256=1\r\n", "Content-Type: multipart/form-data; boundary=Z\r\n",
  ]
  /// Sizes that are none, or too large for anything.
  private static let sizes = [
    "", "g", "0x5", "-1", "+5", " 5", "5 ", "5\t", "5.", "5,5", "\u{0}5", "٥", "7FFFFFFFFFFFFFFF", "8000000000000000",
    "FFFFFFFFFFFFFFFF", "10000000000000000", "FFFFFFFFFFFFFFFFFFFFFFFF", "100001", "0000000000000000000000000000005",
    "00", "0",
  ]
  private static let extensions = [
    ";a", ";a=b", ";a=\"q\\\"r\"", ";", ";;;=", " ; a", ";a=\"", ";a\rb", ";a\nb", ";\u{0}", ";ü", "; a = b",
    ";" + String(repeating: "x", count: 20_000),
  ]
  private static let lineEnds = ["\n", "\r", "", "\r\r\n", "\n\n", "x\r\n", "\r\nx"]
  private static let trailers = [
    "X: y\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Host: evil.example\r\n",
    "Repr-Digest: sha-256=:AAAA:\r\n", "Repr-Digest: (\r\n", "no colon\r\n", ": x\r\n", "X: y\r\n folded\r\n",
    "X: a\u{0}b\r\n", String(repeating: "X: y\r\n", count: 140), "X: " + String(repeating: "x", count: 17_000) + "\r\n",
  ]
  private static let form = Array(
    "--Z\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\nc\r\n--Z--\r\n".utf8
  )

  /// - Returns: the request, and whether it ends by itself.
  static func make(_ random: inout FuzzRandom) -> (bytes: [UInt8], isWhole: Bool) {
    let isWhole = random.oneIn(2)
    var bytes: [UInt8] = []
    bytes.add("\(random.pick(heads)) HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n")
    bytes.add("\(random.pick(fields))\r\n")
    for _ in 0..<random.below(6) {
      let data = random.oneIn(6) ? form : random.bytes(upTo: random.oneIn(200) ? 80_000 : 200)
      if !data.isEmpty { chunk(data, &bytes, isOdd: !isWhole && random.oneIn(4), &random) }
    }
    bytes.add(isWhole ? "0\r\n\r\n" : last(&random))
    return (bytes, isWhole)
  }

  private static func chunk(_ data: [UInt8], _ bytes: inout [UInt8], isOdd: Bool, _ random: inout FuzzRandom) {
    var size = String(data.count, radix: 16, uppercase: random.oneIn(2))
    if random.oneIn(4) { size = String(repeating: "0", count: random.below(8)) + size }
    let oddity = isOdd ? random.below(5) : -1
    if oddity == 0 { size = random.pick(sizes) }
    if oddity == 1 { size = String(data.count + random.below(5) - 2, radix: 16) }
    bytes.add(size)
    if oddity == 2 { bytes.add(random.pick(extensions)) }
    bytes.add(oddity == 3 ? random.pick(lineEnds) : "\r\n")
    bytes += data
    bytes.add(oddity == 4 ? random.pick(lineEnds) : "\r\n")
  }

  private static func last(_ random: inout FuzzRandom) -> String {
    var end = random.pick(["0", "0", "0", "000", "", "-0", "0;a=b", "0 "]) + "\r\n"
    for _ in 0..<random.below(3) { end += random.pick(trailers) }
    return end + random.pick(["\r\n", "\r\n", "", "\n", "\r", "\r\n\r\n", "\r\nGET /healthz HTTP/1.1\r\n"])
  }
}
