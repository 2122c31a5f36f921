import NIOCore
import Testing
import UploadProtocol

@testable import sluice_bench

@Suite struct BenchFormTests {
  @Test(arguments: FormContent.allCases, [1000, 65_536])
  func `the parser finds as many file bytes as the form reports`(_ content: FormContent, piece: Int) throws {
    let form = try BenchForm(content, size: 200_000, piece: piece)
    var parser = MultipartParser(boundary: form.boundary)
    var files = 0
    for bytes in form.pieces {
      parser.append(bytes)
      while let event = try parser.next() {
        if case .body(let body) = event { files += body.readableBytes }
      }
    }
    try parser.finish()
    #expect(files * form.repetitions == form.fileBytes)
    #expect(form.fileBytes > 0)
    #expect(form.bytes > 100_000)
    #expect(form.pieces.allSatisfy { $0.readableBytes <= piece })
  }
}
