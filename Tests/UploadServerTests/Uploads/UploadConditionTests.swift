import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Preconditions on their way from the request headers to the store.
@Suite struct UploadConditionTests {
  private func isAllowed(_ condition: PublishCondition, _ version: FileVersion?) -> Bool {
    do throws(UploadError) {
      try condition.check(version)
      return true
    } catch {
      #expect(error.code == .preconditionFailed)
      return false
    }
  }

  @Test(
    arguments: [
      ("PUT /a", "a"), ("PUT /files/a", "a"), ("POST /stream-upload?name=a", "a"), ("POST /stream-upload", nil),
    ]
      as [(String, String?)]
  )
  func `the store gets a request's condition when its upload begins and when its file is stored`(
    line: String,
    name: String?
  )
    async throws
  {
    try await withHandler { harness in
      try harness.send(request(line, ["If-None-Match: *"], body: "x"))
      #expect(try harness.statuses() == [201])
      let begun = try #require(harness.store.conditions.first.flatMap { $0 })
      #expect(begun.path?.description == name)
      let stored = try #require(harness.store.sinks.first?.request?.condition)
      for condition in [begun, stored] {
        #expect(isAllowed(condition, nil))
        #expect(!isAllowed(condition, FileVersion(modified: 0, text: "1")))
      }
    }
  }

  @Test func `each file of a form is stored under the condition of the request`() async throws {
    try await withHandler { harness in
      let parts = ["a", "b"].map {
        "--Z\r\nContent-Disposition: form-data; name=f; filename=\($0)\r\n\r\nx\r\n"
      }
      let fields = ["Content-Type: multipart/form-data; boundary=Z", "If-Match: \"v\""]
      try harness.send(request("POST /file-upload", fields, body: parts.joined() + "--Z--\r\n"))
      let begun = harness.store.conditions.compactMap { $0 }
      #expect(begun.map { $0.path?.description } == ["a", "b"])
      let stored = harness.store.sinks.compactMap { $0.request?.condition }
      #expect(stored.count == 2 && stored.allSatisfy { !isAllowed($0, nil) })
    }
  }

  @Test func `an upload whose only precondition is If-Modified-Since has no condition`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"], body: "x"))
      #expect(harness.store.conditions.count == 1 && harness.store.conditions[0] == nil)
    }
  }

  @Test(arguments: ["PUT /a", "POST /stream-upload", "POST /file-upload"])
  func `malformed entity tags get 400 before the body is read`(line: String) async throws {
    try await withHandler { harness in
      let fields = ["Content-Type: multipart/form-data; boundary=Z", "Content-Length: 5000000", "Expect: 100-continue"]
      try harness.send(request(line, fields + ["If-None-Match: unquoted"]))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 400 "))
      #expect(!response.contains("100 Continue"))
      #expect(harness.store.sinks.isEmpty)
    }
  }

  @Test(arguments: [
    (["Content-Length: 5000000"], true), (["Content-Length: 1", "Expect: 100-continue"], true),
    (["Transfer-Encoding: chunked"], true), (["Content-Length: 1"], false),
  ])
  func `the path is checked before a body that is still to come, and not before a small one`(
    fields: [String],
    isChecked: Bool
  ) async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /d/a", fields))
      let begun = try #require(harness.store.conditions.first)
      #expect(begun?.path?.description == (isChecked ? "d/a" : nil))
      harness.disconnect()
    }
  }
}
