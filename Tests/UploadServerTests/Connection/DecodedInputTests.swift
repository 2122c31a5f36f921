import Testing
import UploadCore

@testable import UploadServer

@Suite struct DecodedInputTests {
  @Test func `Headers are expected before and behind a request`() {
    var input = DecodedInput()
    #expect(input.expectsHeaders)
    input.note(.head(isLast: false))
    #expect(!input.expectsHeaders)
    input.note(.body(1))
    #expect(!input.expectsHeaders)
    input.note(.end)
    #expect(input.expectsHeaders && !input.isIgnored)
  }

  @Test func `Bytes of which the decoder made no part are headers, unless a body is under way`() {
    var input = DecodedInput()
    input.beginDecoding()
    #expect(input.isInHeaders)
    input.note(.head(isLast: false))
    #expect(input.parts == 1 && !input.isInHeaders)
    input.beginDecoding()
    #expect(input.parts == 0 && !input.isInHeaders, "a part of a chunk's size")
    input.note(.end)
    #expect(!input.isInHeaders, "the end of a request came in the same bytes")
    input.beginDecoding()
    #expect(input.isInHeaders)
  }

  @Test func `Nothing is looked at behind a request that says it is the last`() {
    var input = DecodedInput()
    input.note(.head(isLast: true))
    #expect(!input.isIgnored, "its body still arrives")
    input.note(.end)
    #expect(input.isIgnored)
  }

  @Test func `The rest can be ignored at any time`() {
    var input = DecodedInput()
    input.ignoreRest()
    #expect(input.isIgnored)
  }

  @Test func `A retained error is returned once`() {
    var input = DecodedInput()
    #expect(input.takeError() == nil)
    input.retain(UploadError(.badRequest, "no HTTP"))
    #expect(input.takeError()?.code == .badRequest)
    #expect(input.takeError() == nil)
  }
}
