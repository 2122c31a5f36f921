import Glibc
import Testing
import UploadTestSupport

/// How many files and fields one form may have by default.
@Suite(.curl) struct FormSizeTests {
  private static let value = "--Z\r\nContent-Disposition: form-data; name=\"v\"\r\n\r\nvalue\r\n"

  private func file(_ number: Int) -> String {
    "--Z\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\(number)\"\r\n\r\ncontent \(number)\r\n"
  }

  /// Sends a form made of these parts.
  private func post(_ parts: String, to server: SluiceServer) async throws -> Curl.Reply {
    let body = try server.scratch.write("\(parts)--Z--\r\n".utf8, to: "form")
    return try await Curl.run([
      "-H", "Content-Type: multipart/form-data; boundary=Z", "--data-binary", "@\(body)", "\(server.url)/file-upload",
    ])
  }

  /// A third of the descriptors that the server may have is for the files of forms, which are open until all have come.
  private static var hasDescriptors: Bool {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
    return limit.rlim_max >= 4096
  }

  @Test(.enabled(if: hasDescriptors, "a process may open fewer than 4096 files here"))
  func `by default a form of 1000 files is stored, and a form of 1001 gets 413`() async throws {
    try await withServer { server in
      let files = (1...1001).map(file)
      let many = try await post(files.joined(), to: server)
      #expect(many.isRejection(413) && many.body.contains("more than 1000 files"), "\(many)")
      #expect(try server.uploads.names() == [])
      let enough = try await post(files.dropLast().joined(), to: server)
      #expect(enough.status == 201, "\(enough)")
      #expect(try enough.json.files?.map(\.name) == (1...1000).map(String.init))
      #expect(try server.uploads.names() == (1...1000).map(String.init).sorted())
      let wrong = try (1...1000).filter { try server.uploads.read("\($0)") != Array("content \($0)".utf8) }
      #expect(wrong == [])
    }
  }

  @Test(arguments: [false, true])
  func `a form of 10000 parts is accepted, and a form of 10001 gets 413`(isFileFirst: Bool) async throws {
    try await withServer { server in
      let values = String(repeating: Self.value, count: 9_999)
      let parts = isFileFirst ? file(1) + values : values + file(1)
      let many = try await post(Self.value + parts, to: server)
      #expect(many.isRejection(413) && many.body.contains("more than 10000 parts"), "\(many)")
      try await server.expectEmptyAndWell()
      let enough = try await post(parts, to: server)
      #expect(enough.isStored("1", size: 9), "\(enough)")
      #expect(try server.uploads.read("1") == Array("content 1".utf8))
    }
  }
}
