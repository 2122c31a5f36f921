import NIOHTTP1
import Testing
import UploadCore

@testable import UploadClient

/// What requests for files of a tree contain.
@Suite struct TreeRequestTests {
  private func request(
    _ url: String,
    _ mode: UploadMode,
    _ details: TreeDetails
  ) throws -> (line: String, request: UploadRequest) {
    let request = try UploadRequest(
      target: SendTarget(url),
      mode: mode,
      name: "b c.txt",
      size: 1,
      details: details,
      configuration: UploadClientConfiguration()
    )
    return ("\(request.head.method) \(request.head.uri)", request)
  }

  @Test func `the path of a file is part of the URL, each component encoded`() throws {
    let details = TreeDetails(remotePath: "a/%\u{FC}/b c.txt")
    #expect(try request("http://h", .stream, details).line == "PUT /files/a/%25%C3%BC/b%20c.txt")
    #expect(try request("http://h/in/?k=v", .stream, details).line == "PUT /in/a/%25%C3%BC/b%20c.txt?k=v")
    let other = try request("http://h/in", .stream, details)
    #expect(other.line == "POST /in")
    #expect(other.request.head.headers["content-disposition"] == ["attachment; filename*=UTF-8''b%20c.txt"])
    #expect(try request("http://h", .stream, TreeDetails()).line == "POST /stream-upload?name=b%20c.txt")
  }

  @Test func `a form has the path as its file name for a Sluice server, and the name for others`() throws {
    let details = TreeDetails(remotePath: "a/b c.txt")
    let own = try request("http://h/?k=v", .multipart, details)
    #expect(own.line == "POST /file-upload?k=v&paths=keep")
    #expect(String(decoding: own.request.prefix, as: UTF8.self).contains(#"filename="a/b c.txt""#))
    let other = try request("http://h/in/", .multipart, details)
    #expect(other.line == "POST /in/")
    #expect(String(decoding: other.request.prefix, as: UTF8.self).contains(#"filename="b c.txt""#))
  }

  @Test func `time and tree are header fields; a name that is not ASCII is a display string`() throws {
    let group = UploadGroup(id: "x", name: "f\u{FC}r \"100 %\"", files: nil, bytes: .max)
    let headers = try request("http://h", .stream, TreeDetails(modified: 1_700_000_000, group: group)).request.head
      .headers
    #expect(headers["x-oc-mtime"] == ["1700000000"])
    #expect(headers["sluice-tree"] == [#"id="x", name=%"f%c3%bcr %22100 %25%22", bytes=999999999999999"#])
    let plain = try request("http://h", .stream, TreeDetails()).request.head.headers
    #expect(!plain.contains(name: "x-oc-mtime") && !plain.contains(name: "sluice-tree"))
  }

  @Test func `the creation of a resumable upload has the path and the time, later requests do not`() throws {
    let details = TreeDetails(remotePath: "a/b", modified: 5, group: UploadGroup(id: "x", name: "a"))
    let plain = try request("http://h", .stream, details).request
    let requests = ResumeRequests(
      plain: plain,
      target: try SendTarget("http://h"),
      name: "b c.txt",
      size: 1,
      continueThreshold: 1
    )
    let draft = requests.request(.draft, .create).head
    #expect(
      draft.uri == "/files/a/b" && draft.headers["x-oc-mtime"] == ["5"] && draft.headers["sluice-tree"].count == 1
    )
    #expect(
      requests.request(.tus, .create).head.headers["upload-metadata"] == [
        "filename YS9i,filetype dGV4dC9wbGFpbg==,relativePath YS9i,mtime NQ=="
      ]
    )
    let later = requests.request(.draft, .offset(uri: "/u")).head.headers
    #expect(!later.contains(name: "x-oc-mtime") && !later.contains(name: "sluice-tree"))
  }
}
