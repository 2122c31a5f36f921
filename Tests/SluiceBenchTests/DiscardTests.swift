import Foundation
import Glibc
import Testing
import UploadCore

@testable import sluice_bench

@Suite struct DiscardTests {
  @Test func `the length and the expectation of an upload are read from its headers`() {
    let text = "PUT /a HTTP/1.1\r\nHost: x:80\r\nEXPECT: 100-Continue\r\ncontent-length: 12\r\n\r\n"
    let head = UploadRequestHead(text.utf8)
    #expect(head.isUpload && head.contentLength == 12 && head.expectsContinue)
  }

  @Test(arguments: ["", "\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "PUTS / HTTP/1.1\r\n\r\n", "what?\r\n\r\n"])
  func `other methods and malformed headers are no upload`(_ text: String) {
    #expect(!UploadRequestHead(text.utf8).isUpload)
  }

  @Test(arguments: ["Content-Length: -1", "Content-Length: x", "Content-Length:", "Length: 5"])
  func `a length that is missing or malformed is none`(_ field: String) {
    #expect(UploadRequestHead("POST / HTTP/1.1\r\n\(field)\r\n\r\n".utf8).contentLength == nil)
  }

  @Test func `uploads over one connection get 201 each, and 100 where they expect it`() throws {
    let listener = try ListeningSocket(port: 0)
    let ended = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      if let descriptor = try? listener.accept() {
        DiscardingConnection(descriptor: descriptor).serve()
        close(descriptor)
      }
      ended.signal()
    }
    do {
      let connection = try Connection(port: listener.port)
      for size in [0, 1, 300_000] {
        try connection.sendHead("a", size: size)
        try connection.send([UInt8](repeating: 7, count: size))
        try connection.expectStored()
      }
      // Received together with its headers, the body is not mistaken for a request.
      try connection.send(Array("PUT /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc".utf8))
      try connection.expectStored()
      try connection.send(Array("PUT /c HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n".utf8))
      let interim = #expect(throws: UploadError.self) { try connection.expectStored() }
      #expect(interim?.message.contains("status 100") == true)
      try connection.send(Array("abc".utf8))
      try connection.expectStored()
    }
    // The end of the connection ends the server's part.
    #expect(ended.wait(timeout: .now() + 60) == .success)
  }
}
