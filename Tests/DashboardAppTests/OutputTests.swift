import Basics
import Foundation
import Glibc
import Testing
import UploadTestSupport

@testable import DashboardApp

@Suite struct OutputTests {
  /// Another program that shares the pipe may have made it so.
  @Test func `more text than a non-blocking pipe holds is written completely`() async throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    let (reader, writer) = (ends[0], ends[1])
    _ = fcntl(writer, F_SETFL, O_NONBLOCK)
    // More than the capacity of a pipe.
    let text = String(repeating: "0123456789abcdef", count: 40_000)
    let read = Task.detached { FileHandle(fileDescriptor: reader, closeOnDealloc: true).readDataToEndOfFile() }
    let isWritten = await Task.detached { writeAll(text, to: writer) }.value
    close(writer)
    #expect(isWritten)
    #expect(await read.value == Data(text.utf8))
  }

  @Test func `a write to a pipe that has no reader fails at once`() throws {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    close(ends[0])
    #expect(!writeAll("text", to: ends[1]))
    close(ends[1])
  }

  @Test func `a failed write has a message for a full disk and none for a closed pipe`() throws {
    #expect(Output.failureMessage(EPIPE) == nil)
    let message = try #require(Output.failureMessage(ENOSPC))
    #expect(message.contains("Cannot write to standard output: No space left on device."))
  }
}
