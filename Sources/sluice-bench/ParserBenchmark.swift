import ArgumentParser
import Basics
import NIOCore
import UploadCore
import UploadProtocol

/// How fast the multipart parser takes forms, in the pieces that a connection brings them in.
struct ParserBenchmark: Benchmark {
  static let name = "parser"
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "The multipart parser, without network or disk."
  )

  @OptionGroup var common: BenchOptions
  @Option(help: "What is parsed for each line. (default: 512MiB)", transform: BenchValue.size)
  var size = 512 << 20
  @Option(help: "Bytes handed to the parser at once. (default: 64KiB,1MiB)", transform: BenchValue.sizes)
  var pieces: [Int] = [64 << 10, 1 << 20]

  func run(rounds: Int) throws -> Report {
    var subjects: [Subject] = []
    for piece in pieces {
      for content in FormContent.allCases {
        let form = try BenchForm(content, size: size, piece: piece)
        subjects.append(Subject(labels: [content.rawValue, ByteSize.text(UInt64(piece))]) { try Self.measure(form) })
      }
    }
    return Report(
      name: Self.name,
      labels: ["content", "piece"],
      columns: [Report.Column(title: "GB/s", key: "gigabytesPerSecond", digits: 2)],
      rows: try Subject.medians(of: subjects, rounds: rounds)
    )
  }

  private static func measure(_ form: BenchForm) throws -> [Double?] {
    let (found, elapsed) = try Elapsed.measure { try parse(form) }
    guard found == form.fileBytes else {
      throw UploadError(.internalFailure, "The parser found \(found) bytes of files instead of \(form.fileBytes).")
    }
    return [Double(form.bytes) / 1e9 / elapsed.seconds]
  }

  /// - Returns: bytes of files in the form.
  private static func parse(_ form: BenchForm) throws(UploadError) -> Int {
    var found = 0
    for _ in 0..<form.repetitions {
      var parser = MultipartParser(boundary: form.boundary)
      for piece in form.pieces {
        parser.append(piece)
        while let event = try parser.next() {
          if case .body(let bytes) = event { found += bytes.readableBytes }
        }
      }
      try parser.finish()
    }
    return found
  }
}

/// A form in the pieces that it comes in. One piece of content stands in it many times over, so that it lies in the
/// processor's cache, as what was just read from a socket does.
struct BenchForm {
  let boundary: MultipartBoundary
  let pieces: [ByteBuffer]
  /// How often the form is parsed, one after the other.
  let repetitions: Int
  /// Bytes of files in all repetitions.
  let fileBytes: Int

  /// As curl makes them.
  private static let boundaryText = "------------------------d74496d66958873e"
  /// What a small form's file holds.
  private static let smallFile = 4096
  private static let smallFields = 100
  /// A little less than the parser takes before the first boundary.
  private static let junk = 8000

  /// Bytes of all repetitions.
  var bytes: Int {
    repetitions * pieces.reduce(0) { $0 + $1.readableBytes }
  }

  /// - Parameters:
  ///   - size: bytes in all, about; small forms are repeated until they come to that.
  ///   - piece: bytes the parser gets at once.
  init(_ content: FormContent, size: Int, piece: Int) throws(UploadError) {
    boundary = try MultipartBoundary(contentType: "multipart/form-data; boundary=\(Self.boundaryText)")
    let writer = MultipartWriter(boundary: boundary)
    let small: [UInt8]
    switch content {
    case .smallFields:
      let file = Self.filling(content, count: Self.smallFile)
      small = Self.fields + Self.head(writer, isFirst: false) + file + writer.tail
    case .junkAround:
      let junk = Array(repeating: UInt8(ascii: "x"), count: Self.junk)
      let file = Self.filling(content, count: Self.smallFile)
      small = junk + "\r\n".utf8 + Self.head(writer, isFirst: true) + file + writer.tail + junk
    case .random, .csv, .carriageReturns, .lineFeeds, .delimiterPrefixes:
      let filling = ByteBuffer(bytes: Self.filling(content, count: piece))
      let fillings = Array(repeating: filling, count: max(1, size / piece))
      pieces = [ByteBuffer(bytes: Self.head(writer, isFirst: true))] + fillings + [ByteBuffer(bytes: writer.tail)]
      repetitions = 1
      fileBytes = fillings.count * piece
      return
    }
    pieces = stride(from: 0, to: small.count, by: piece).map {
      ByteBuffer(bytes: small[$0..<min($0 + piece, small.count)])
    }
    repetitions = max(1, size / small.count)
    fileBytes = repetitions * Self.smallFile
  }

  private static func head(_ writer: MultipartWriter, isFirst: Bool) -> [UInt8] {
    writer.head(fieldName: "file", filename: "a.bin", contentType: "application/octet-stream", isFirst: isFirst)
  }

  /// Text fields from the form's start to the last one's content.
  private static var fields: [UInt8] {
    let fields = (1...smallFields).map { number in
      "--\(boundaryText)\r\nContent-Disposition: form-data; name=\"field\(number)\"\r\n\r\nvalue \(number)"
    }
    return Array(fields.joined(separator: "\r\n").utf8)
  }

  /// `count` bytes of a file.
  private static func filling(_ content: FormContent, count: Int) -> [UInt8] {
    switch content {
    case .random, .smallFields, .junkAround:
      var noise = SplitMix64(seed: 1)
      return noise.bytes(count)
    case .csv:
      let rows = (1...100).map { "\($0),2024-05-\($0 % 28 + 1),\"a name, a title\",\($0 * 37).5\r\n" }
      return repeated(Array(rows.joined().utf8), count)
    case .carriageReturns:
      return repeated(Array("\r".utf8), count)
    case .lineFeeds:
      return repeated(Array("\n".utf8), count)
    case .delimiterPrefixes:
      return repeated(Array("\r\n--\(boundaryText)".utf8.dropLast()), count)
    }
  }

  private static func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
    (0..<count).map { bytes[$0 % bytes.count] }
  }
}

/// What a form holds, from the usual to what an attacker would choose.
enum FormContent: String, CaseIterable {
  case random = "random"
  case csv = "CSV text"
  case carriageReturns = "all CR"
  case lineFeeds = "all LF"
  /// The delimiter less its last byte, again and again.
  case delimiterPrefixes = "delimiter prefixes"
  /// Many forms of a hundred text fields and a file of 4 KiB.
  case smallFields = "100 small fields"
  /// Many forms of a file of 4 KiB with 8 kB before the first boundary, about all that is taken, and 8 kB behind the last.
  case junkAround = "junk before and after"
}
