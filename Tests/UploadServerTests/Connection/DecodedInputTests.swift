import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Testing

@testable import UploadServer

@Suite struct DecodedInputTests {
  private static func head(isLast: Bool) -> HTTPRequestPart {
    var request = HTTPRequest(method: .put, scheme: "http", authority: "localhost", path: "/a")
    if isLast { request.headerFields[.connection] = "close" }
    return .head(request)
  }

  private static let body = HTTPRequestPart.body(ByteBuffer(repeating: 0, count: 1))

  @Test func `Headers are expected before and after a request, but not within it`() {
    var input = DecodedInput()
    #expect(input.expectsHeaders)
    input.note(Self.head(isLast: false))
    #expect(!input.expectsHeaders)
    input.note(Self.body)
    #expect(!input.expectsHeaders)
    input.note(.end(nil))
    #expect(input.expectsHeaders && !input.isIgnored)
  }

  @Test func `Bytes of which the decoder made no part are incomplete headers, unless they are within a body`() {
    var input = DecodedInput()
    input.beginDecoding()
    #expect(input.isInHeaders)
    input.note(Self.head(isLast: false))
    #expect(input.parts == 1 && !input.isInHeaders)
    input.beginDecoding()
    #expect(input.parts == 0 && !input.isInHeaders, "a part of a chunk's size")
    input.note(.end(nil))
    #expect(!input.isInHeaders, "the end of a request came in the same bytes")
    input.beginDecoding()
    #expect(input.isInHeaders)
  }

  @Test func `Input behind a request with Connection: close is ignored`() {
    var input = DecodedInput()
    input.note(Self.head(isLast: true))
    #expect(!input.isIgnored, "its body still arrives")
    input.note(.end(nil))
    #expect(input.isIgnored)
  }
}

@Suite struct ReadDemandTests {
  @Test func `An allowed read leaves nothing pending`() {
    var demand = ReadDemand()
    #expect(demand.request(isAllowed: true) == true)
    #expect(demand.resume(isAllowed: true) == false)
  }

  @Test func `A blocked read is performed once, as soon as it is allowed`() {
    var demand = ReadDemand()
    #expect(demand.request(isAllowed: false) == false)
    #expect(demand.request(isAllowed: false) == false)
    #expect(demand.resume(isAllowed: false) == false)
    #expect(demand.resume(isAllowed: true) == true)
    #expect(demand.resume(isAllowed: true) == false)
  }

  @Test func `A wanted read is performed without a pending one, but only when it is allowed`() {
    var demand = ReadDemand()
    #expect(demand.resume(isAllowed: false, isWanted: true) == false)
    #expect(demand.resume(isAllowed: true, isWanted: true) == true)
  }
}
