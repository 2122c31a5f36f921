import ArgumentParser
import Basics
import NIOCore
import UploadCore
import UploadProtocol

/// Measures how fast the multipart parser parses forms in chunks, as a connection delivers them.
struct ParserBenchmark: Benchmark {
  static let name = "parser"
  static let abstract = "The multipart parser, without network or disk."

  @OptionGroup var common: BenchOptions
  @Option(help: "Bytes to parse for each row. (default: 512MiB)", transform: Parse.size)
  var size = 512 << 20
  @Option(help: "Bytes passed to the parser at once. (default: 64KiB,1MiB)", transform: Parse.list(Parse.size))
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
      labels: ["content", "piece"],
      columns: [Report.Column(title: "GB/s", key: "gigabytesPerSecond", digits: 2)],
      rows: try Subject.medians(of: subjects, rounds: rounds)
    )
  }

  private static func measure(_ form: BenchForm) throws -> [Double?] {
    var found = 0
    let duration = try ContinuousClock().measure {
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
    }
    guard found == form.fileBytes else {
      throw UploadError(.internalFailure, "The parser found \(found) bytes of files instead of \(form.fileBytes).")
    }
    return [Double(form.bytes) / 1e9 / duration.inSeconds]
  }
}

/// A form in chunks. A large file repeats one chunk, so that it is in the processor's cache like bytes that were just
/// read from a socket.
struct BenchForm {
  let boundary: MultipartBoundary
  let pieces: [ByteBuffer]
  /// How many times the form is parsed in one measurement.
  let repetitions: Int
  /// Bytes of the forms' files in all repetitions together.
  let fileBytes: Int

  /// A boundary of curl.
  private static let boundaryText = "------------------------d74496d66958873e"
  /// Bytes of the file in a small form.
  private static let smallFile = 4096
  private static let smallFields = 100
  /// Bytes; a little less than the parser accepts before the first boundary.
  private static let junk = 8000

  /// Bytes of the forms in all repetitions together.
  var bytes: Int { repetitions * pieces.reduce(0) { $0 + $1.readableBytes } }

  /// Makes the form in memory.
  /// - Parameters:
  ///   - size: bytes of all repetitions together, approximately; at least one form.
  ///   - piece: bytes passed to the parser at once.
  /// - Throws: never: the boundary is constant and valid.
  init(_ content: FormContent, size: Int, piece: Int) throws(UploadError) {
    boundary = try MultipartBoundary(contentType: "multipart/form-data; boundary=\(Self.boundaryText)")
    let writer = MultipartWriter(boundary: boundary)
    let (type, isFirst) = ("application/octet-stream", content != .smallFields)
    let head = writer.head(fieldName: "file", filename: "a.bin", contentType: type, isFirst: isFirst)
    let junk = Array(repeating: UInt8(ascii: "x"), count: Self.junk)
    let form: [UInt8]
    switch content {
    case .smallFields:
      form = Self.fields + head + Self.filling(content, count: Self.smallFile) + writer.tail
    case .junkAround:
      form = junk + "\r\n".utf8 + head + Self.filling(content, count: Self.smallFile) + writer.tail + junk
    case .random, .csv, .carriageReturns, .lineFeeds, .delimiterPrefixes:
      let filling = ByteBuffer(bytes: Self.filling(content, count: piece))
      let fillings = Array(repeating: filling, count: max(1, size / piece))
      pieces = [ByteBuffer(bytes: head)] + fillings + [ByteBuffer(bytes: writer.tail)]
      repetitions = 1
      fileBytes = fillings.count * piece
      return
    }
    pieces = stride(from: 0, to: form.count, by: piece).map {
      ByteBuffer(bytes: form[$0..<min($0 + piece, form.count)])
    }
    repetitions = max(1, size / form.count)
    fileBytes = repetitions * Self.smallFile
  }

  /// Text fields, without the delimiter after the last one.
  private static var fields: [UInt8] {
    let fields = (1...smallFields).map { number in
      "--\(boundaryText)\r\nContent-Disposition: form-data; name=\"field\(number)\"\r\n\r\nvalue \(number)"
    }
    return Array(fields.joined(separator: "\r\n").utf8)
  }

  /// The first `count` bytes of a file.
  private static func filling(_ content: FormContent, count: Int) -> [UInt8] {
    let text: String
    switch content {
    case .random, .smallFields, .junkAround: return SplitMix64.bytes(count, seed: 1)
    case .csv: text = (1...100).map { "\($0),2024-05-\($0 % 28 + 1),\"a name, a title\",\($0 * 37).5\r\n" }.joined()
    case .carriageReturns: text = "\r"
    case .lineFeeds: text = "\n"
    case .delimiterPrefixes: text = String("\r\n--\(boundaryText)".dropLast())
    }
    let repeated = Array(text.utf8)
    return (0..<count).map { repeated[$0 % repeated.count] }
  }
}

/// The content of a form, from usual files to those that an attacker would choose.
enum FormContent: String, CaseIterable {
  case random = "random"
  case csv = "CSV text"
  case carriageReturns = "all CR"
  case lineFeeds = "all LF"
  /// The delimiter without its last byte, repeated.
  case delimiterPrefixes = "delimiter prefixes"
  /// Forms of 100 text fields and a file of 4 KiB.
  case smallFields = "100 small fields"
  /// Forms of a file of 4 KiB with 8 kB before the first boundary, nearly the limit, and 8 kB after the last one.
  case junkAround = "junk before and after"
}
