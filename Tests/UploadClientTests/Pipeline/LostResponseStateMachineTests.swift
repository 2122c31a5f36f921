import NIOCore
import Testing
import UploadCore

@testable import UploadClient

@Suite struct LostResponseStateMachineTests {
  private typealias Machine = LostResponseStateMachine

  /// A machine after the loss of the first response.
  private func looking() -> Machine {
    var machine = Machine()
    machine.lost()
    #expect(machine.request == .lookUp)
    return machine
  }

  /// A machine that has looked, and found nothing.
  private func repeating(_ status: Int = 404) -> Machine {
    var machine = looking()
    #expect(machine.responded(status, hasContent: false) == .send && machine.request == .putIfAbsent)
    return machine
  }

  @Test func `without a loss every response is that of the upload`() {
    for status in [200, 201, 204, 302, 401, 404, 412, 416, 500, 503] {
      var machine = Machine()
      #expect(machine.responded(status, hasContent: true) == .respond && machine.request == .put)
    }
  }

  @Test(arguments: [200, 206]) func `the content at the URL decides`(status: Int) {
    var machine = looking()
    #expect(machine.responded(status, hasContent: true) == .stored)
    machine = looking()
    #expect(machine.responded(status, hasContent: false) == .failDifferent)
  }

  @Test func `a file that is shorter than the range is another one`() {
    var machine = looking()
    #expect(machine.responded(416, hasContent: true) == .failDifferent)
  }

  @Test(arguments: [404, 410]) func `an absent file is sent again under a condition`(status: Int) {
    for response in [200, 201, 403, 409, 503] {
      var machine = repeating(status)
      #expect(machine.responded(response, hasContent: true) == .respond)
    }
  }

  @Test func `a file that appears meanwhile is looked up once more`() {
    var machine = repeating()
    #expect(machine.responded(412, hasContent: true) == .send && machine.request == .lookUp)
    var other = machine
    #expect(machine.responded(200, hasContent: true) == .stored)
    #expect(other.responded(200, hasContent: false) == .failDifferent)
  }

  @Test func `a server that hides its files is not asked without end`() {
    for status in [404, 410] {
      var machine = repeating()
      _ = machine.responded(412, hasContent: false)
      #expect(machine.responded(status, hasContent: false) == .failUnknown)
    }
  }

  @Test(arguments: [204, 301, 304, 400, 401, 403, 405, 407, 500, 501]) func `other responses show nothing`(status: Int)
  {
    var machine = looking()
    #expect(machine.responded(status, hasContent: true) == .failUnknown)
  }

  @Test(arguments: [429, 502, 503, 504]) func `a busy server is asked again`(status: Int) {
    var machine = looking()
    #expect(machine.responded(status, hasContent: true) == .pause && machine.request == .lookUp)
  }

  @Test func `further losses are looked up, too`() {
    var machine = looking()
    machine.lost()
    #expect(machine.request == .lookUp)
    machine = repeating()
    machine.lost()
    #expect(machine.request == .lookUp)
    #expect(machine.responded(404, hasContent: false) == .send && machine.request == .putIfAbsent)
  }
}

/// The requests of small files.
@Suite struct SmallRequestTests {
  private func template(_ url: String, _ headers: [String] = []) throws -> SmallRequest {
    var configuration = UploadClientConfiguration()
    configuration.headers = try headers.map { try HeaderField($0) }
    let target = try SendTarget(url)
    let connector = try configuration.connector(to: target)
    return try SmallRequest(target, connector: connector, group: nil, configuration: configuration)
  }

  private func text(_ buffer: ByteBuffer) -> String { String(buffer: buffer) }

  private func put(_ template: SmallRequest, _ source: UploadSource, _ body: String) -> ByteBuffer {
    var buffer = ByteBuffer()
    template.write(source, contentType: "text/plain", body: ByteBuffer(string: body), to: &buffer)
    return buffer
  }

  @Test func `requests after a loss name the same URL`() throws {
    let template = try template("http://localhost:8080", ["X-Team: blue"])
    let source = UploadSource.file("/tmp/a b")
    let request = put(template, source, "hello")
    #expect(text(request).hasPrefix("PUT /files/a%20b HTTP/1.1\r\n") && text(request).hasSuffix("\r\n\r\nhello"))
    let again = text(template.ifAbsent(request, size: 5))
    #expect(again == text(request).replacing("\r\n\r\nhello", with: "\r\nIf-None-Match: *\r\n\r\nhello"))
    let look = text(template.lookUp(source, size: 5))
    #expect(look.hasPrefix("GET /files/a%20b HTTP/1.1\r\n") && look.hasSuffix("Range: bytes=0-5\r\n\r\n"))
    #expect(look.contains("X-Team: blue\r\n") && !look.contains("Content-Length"))
    #expect(!text(template.lookUp(source, size: 0)).contains("Range"))
    #expect(text(template.ifAbsent(put(template, source, ""), size: 0)).hasSuffix("\r\nIf-None-Match: *\r\n\r\n"))
  }

  @Test func `files are looked up only where each has a URL, and without conditions of the user`() throws {
    #expect(try template("http://localhost:8080").canLookUp && template("http://localhost/in/").canLookUp)
    #expect(try !template("http://localhost/in").canLookUp)
    #expect(try !template("http://localhost/in/", ["If-None-Match: *"]).canLookUp)
    #expect(try !template("http://localhost/in/", ["if-match: \"a\""]).canLookUp)
  }

  @Test func `requests that follow each other in a block are one slice`() {
    let block = RequestBlock(ByteBuffer(string: "abcdefghij"))
    var slice = RequestSlice(0..<3, of: block)
    let joined = slice.append(RequestSlice(3..<7, of: block))
    #expect(joined && slice.count == 7 && text(slice.bytes) == "abcdefg")
    let skipped = slice.append(RequestSlice(8..<10, of: block))
    let other = slice.append(RequestSlice(7..<8, of: RequestBlock(ByteBuffer(string: "ABCDEFGHIJ"))))
    #expect(!skipped && !other && slice.count == 7)
    let alone = RequestSlice(3..<7, of: block).detached
    #expect(text(alone.bytes) == "defg" && alone.count == 4)
  }
}
