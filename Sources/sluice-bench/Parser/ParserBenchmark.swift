import NIOCore
import UploadCore
import UploadProtocol

/// How fast the multipart parser takes forms, in the pieces that a connection brings them in.
struct ParserBenchmark: Benchmark {
  static let name = "parser"
  static let summary = "the multipart parser, without network or disk"
  static let options = [
    "--size SIZE      of what is parsed for each line (512MiB)",
    "--pieces SIZES   bytes handed to the parser at once (64KiB,1MiB)",
  ]

  private let size: Int
  private let pieces: [Int]

  init(_ arguments: inout Arguments) throws(UploadError) {
    size = try arguments.takeSize("--size", default: 512 << 20)
    pieces = try arguments.takeSizes("--pieces", default: [64 << 10, 1 << 20])
  }

  func run(rounds: Int) throws -> Report {
    var subjects: [Subject] = []
    for piece in pieces {
      for content in FormContent.allCases {
        let form = try BenchForm(content, size: size, piece: piece)
        subjects.append(Subject(labels: [content.rawValue, ByteSize.text(UInt64(piece))]) { try Self.measure(form) })
      }
    }
    return Report(
      Self.name,
      labels: ["content", "piece"],
      columns: [Report.Column("GB/s", "gigabytesPerSecond", digits: 2)],
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
