import HTTPExchange
import NIOHTTP1
import Testing
import UploadCore

@testable import UploadClient

/// What servers say about resumable uploads, and what requests tell them.
@Suite struct ResumeFieldsTests {
  private func fields(_ headers: HTTPHeaders, now: Int64 = 1000) -> ResumeFields { ResumeFields(headers, now: now) }

  @Test func `valid fields are read`() {
    let fields = fields([
      "upload-offset": "5", "Upload-Length": "9223372036854775807", "Upload-Complete": "?1",
      "Upload-Limit": "max-size=10;a=b, max-append-size=7,max-age=60",
    ])
    #expect(fields.offset == 5)
    #expect(fields.length == UInt64(Int64.max))
    #expect(fields.isComplete == true)
    #expect(fields.hasLimit && fields.maxAppendSize == 7)
    #expect(fields.expires == 1060)
  }

  @Test(arguments: ["", "-1", "+1", "1.0", "9223372036854775808", "1 2", "٣"])
  func `an invalid number counts as missing`(text: String) {
    #expect(fields(["Upload-Offset": text]).offset == nil)
    #expect(fields(["Upload-Limit": "max-append-size=\(text)"]).maxAppendSize == nil)
  }

  @Test func `contradicting fields count as missing`() {
    #expect(fields(HTTPHeaders([("Upload-Offset", "1"), ("Upload-Offset", "2")])).offset == nil)
    #expect(fields(["Upload-Complete": "1"]).isComplete == nil)
    #expect(fields(["Upload-Complete": "?2"]).isComplete == nil)
  }

  @Test func `the end of an upload is a date in tus, and an absurd age does not overflow`() {
    #expect(fields(["Upload-Expires": "Thu, 01 Jan 1970 01:00:00 GMT"]).expires == 3600)
    #expect(fields(["Upload-Expires": "soon"]).expires == nil)
    let absurd = fields(["Upload-Limit": "max-age=9223372036854775807"], now: 1_800_000_000).expires
    let inTenYears: Int64 = 1_800_000_000 + 315_360_000
    #expect(absurd == inTenYears)
  }

  @Test(arguments: [
    ("/uploads/x", "/uploads/x"), ("http://other:1/uploads/x?a=b#c", "/uploads/x?a=b"), ("//other/x", "/x"),
    ("https://other", "/"), ("x", "/files/x"), ("../x", "/x"), ("./x/.", "/files/x/"), ("../../../x?q", "/x?q"),
    ("?a", "/files/?a"), ("HTTP://H/y", "/y"),
  ])
  func `only the path and the query of a Location are used`(location: String, uri: String) {
    #expect(UploadLocation.uri(location, relativeTo: "/files/?token=t") == uri)
  }

  @Test(arguments: [
    "http://[::bad", "http://[::bad/x", "//[::1/x", "http://[::1]x/y", "http://::1]/x", "http://h:0x1/y",
    "http://h:99999/y",
    "http:///x", "//", "http://user@h/x", "http://h,i/x",
  ])
  func `a Location with a malformed host or port is rejected, not taken for a path`(location: String) {
    #expect(UploadLocation.uri(location, relativeTo: "/") == nil)
  }

  @Test(arguments: ["http://[::1]/x", "//[fe80::1]:8080/x", "http://upload_server:/x", "HTTPS://127.0.0.1:65535/x"])
  func `a Location with any valid host and port is used`(location: String) {
    #expect(UploadLocation.uri(location, relativeTo: "/") == "/x")
  }

  @Test(arguments: ["", "#x", "/a b", "/a\r\nHost: x", "/ä", "ftp://h/x", "mailto:x", "http:x"])
  func `a Location that cannot be part of a request line is rejected`(location: String) {
    #expect(UploadLocation.uri(location, relativeTo: "/") == nil)
    #expect(UploadLocation.uri("/" + String(repeating: "a", count: 9000), relativeTo: "/") == nil)
  }

  @Test func `tokens are removed from URLs, and added again to requests`() throws {
    #expect(UploadLocation.withoutToken("/x?token=a&b=c&access_token=d") == "/x?b=c")
    #expect(UploadLocation.withoutToken("/x?token=a") == "/x")
    #expect(UploadLocation.withToken("/x", of: "/y?b=c&token=a") == "/x?token=a")
    #expect(UploadLocation.withToken("/x?b", of: "/y?token=a") == "/x?b&token=a")
    #expect(UploadLocation.withToken("/x?token=z", of: "/y?token=a") == "/x?token=z")
    let target = try SendTarget("https://h/in/?token=secret&a=b")
    #expect(target.urlWithoutToken == "https://h:443/in/?a=b")
    #expect(try SendTarget(target.urlWithoutToken).urlWithoutToken == target.urlWithoutToken)
  }

  // MARK: Requests

  private func requests(
    _ url: String = "http://host:8080/",
    configure: (inout UploadClientConfiguration) throws -> Void = { _ in }
  ) throws -> ResumeRequests {
    var configuration = UploadClientConfiguration()
    try configure(&configuration)
    let target = try SendTarget(url, token: "secret")
    let plain = try UploadRequest(
      target: target,
      mode: .resumable,
      name: "ä.txt",
      size: 5_000_000,
      configuration: configuration
    )
    return ResumeRequests(plain: plain, target: target, name: "ä.txt", size: 5_000_000, continueThreshold: 1 << 20)
  }

  @Test func `the draft creates an upload at the target, with the name and the type of the file`() throws {
    let request = try requests().request(.draft, .create)
    #expect(request.head.method == .POST)
    #expect(request.head.uri == "/stream-upload?name=%C3%A4.txt")
    #expect(
      Array(request.head.headers).map { "\($0.name): \($0.value)" } == [
        "Host: host:8080", "User-Agent: sluice", "Accept: application/json", "Content-Type: text/plain",
        "Content-Disposition: attachment; filename*=UTF-8''%C3%A4.txt", "Authorization: Bearer secret",
        "Upload-Draft-Interop-Version: 10", "Content-Length: 0", "Upload-Length: 5000000", "Upload-Complete: ?0",
      ]
    )
  }

  @Test func `tus creates an upload at its own path, with the name and the type as metadata`() throws {
    let head = try requests().request(.tus, .create).head
    #expect(head.method == .POST && head.uri == "/uploads")
    #expect(head.headers["tus-resumable"] == ["1.0.0"])
    #expect(head.headers["upload-metadata"] == ["filename w6QudHh0,filetype dGV4dC9wbGFpbg=="])
    #expect(head.headers["upload-length"] == ["5000000"])
    #expect(head.headers["content-length"] == ["0"])
    #expect(!head.headers.contains(name: "content-type"))
    #expect(try requests("http://h/files/?a=b").request(.tus, .create).head.uri == "/files/?a=b")
  }

  @Test func `a part of the file is appended with its offset`() throws {
    let step = ResumeStateMachine.Step.append(uri: "/u/1", 10..<2_000_000, isLast: false)
    let draft = try requests().request(.draft, step).head
    #expect(draft.method == .PATCH && draft.uri == "/u/1")
    #expect(draft.headers["upload-offset"] == ["10"])
    #expect(draft.headers["upload-complete"] == ["?0"])
    #expect(draft.headers["content-length"] == ["1999990"])
    #expect(draft.headers["content-type"] == ["application/partial-upload"])
    #expect(draft.headers["expect"] == ["100-continue"])
    #expect(draft.headers["authorization"] == ["Bearer secret"])
    #expect(!draft.headers.contains(name: "content-disposition"))
    let last = try requests().request(.draft, .append(uri: "/u/1", 0..<5, isLast: true)).head
    #expect(last.headers["upload-complete"] == ["?1"] && !last.headers.contains(name: "expect"))
    let tus = try requests().request(.tus, step).head
    #expect(tus.headers["content-type"] == ["application/offset+octet-stream"])
    #expect(tus.headers["upload-complete"].isEmpty && tus.headers["upload-offset"] == ["10"])
  }

  @Test func `a creation and each append state the tree of this run`() throws {
    let target = try SendTarget("http://host:8080/")
    var details = TreeDetails()
    details.group = UploadGroup(id: "a1", name: "photos")
    let plain = try UploadRequest(
      target: target,
      mode: .resumable,
      name: "a.txt",
      size: 5_000_000,
      details: details,
      configuration: UploadClientConfiguration()
    )
    let requests = ResumeRequests(plain: plain, target: target, name: "a.txt", size: 5, continueThreshold: 1)
    let steps: [ResumeStateMachine.Step] = [
      .create, .append(uri: "/u", 0..<5, isLast: true), .rest(uri: "/u", from: 3, atMost: nil),
    ]
    for step in steps {
      #expect(requests.request(.draft, step).head.headers["sluice-tree"] == [#"id="a1", name="photos""#])
    }
    #expect(!requests.request(.draft, .offset(uri: "/u")).head.headers.contains(name: "sluice-tree"))
  }

  @Test func `appends ask for no interim status 104, unless the server requires the version`() throws {
    var requests = try requests()
    let step = ResumeStateMachine.Step.append(uri: "/u", 0..<5, isLast: true)
    #expect(!requests.request(.draft, step).head.headers.contains(name: "upload-draft-interop-version"))
    requests.requiresVersion = true
    #expect(requests.request(.draft, step).head.headers["upload-draft-interop-version"] == ["10"])
    #expect(requests.request(.tus, step).head.headers["tus-resumable"] == ["1.0.0"])
  }

  @Test func `a pipe has no length before its end`() throws {
    var requests = try requests()
    requests.size = nil
    let draft = requests.request(.draft, .create).head.headers
    #expect(draft["upload-length"].isEmpty && draft["upload-complete"] == ["?0"] && draft["content-length"] == ["0"])
    let tus = requests.request(.tus, .create).head.headers
    #expect(tus["upload-length"].isEmpty && tus["upload-defer-length"] == ["1"])
    let rest = requests.request(.draft, .rest(uri: "/u", from: 7, atMost: nil)).head.headers
    #expect(rest["upload-offset"] == ["7"] && rest["upload-complete"] == ["?1"])
    #expect(rest["transfer-encoding"] == ["chunked"] && rest["content-length"].isEmpty)
    let part = requests.request(.draft, .rest(uri: "/u", from: 7, atMost: 100)).head.headers
    #expect(part["upload-complete"] == ["?0"] && !part.contains(name: "expect"))
    let length = requests.request(.tus, .length(uri: "/u", offset: 9, 9)).head
    #expect(length.method == .PATCH && length.headers["upload-length"] == ["9"])
    #expect(length.headers["upload-offset"] == ["9"] && length.headers["content-length"] == ["0"])
    let deletion = requests.deletion(.tus, "/u?token=a").head
    #expect(
      deletion.method == .DELETE && deletion.uri == "/u?token=a" && deletion.headers["tus-resumable"] == ["1.0.0"]
    )
  }

  @Test func `conditions and digests of the user are sent with the creation alone`() throws {
    let requests = try requests {
      $0.headers = try [
        HeaderField("If-None-Match: *"), HeaderField("Content-Digest: sha-256=:AA==:"), HeaderField("X-Team: blue"),
      ]
    }
    let create = requests.request(.draft, .create).head.headers
    #expect(create["if-none-match"] == ["*"] && create["x-team"] == ["blue"])
    // The creation itself has no content.
    #expect(create["content-digest"].isEmpty && create["repr-digest"] == ["sha-256=:AA==:"])
    let head = requests.request(.draft, .offset(uri: "/u")).head
    #expect(head.method == .HEAD)
    #expect(head.headers["if-none-match"].isEmpty && head.headers["repr-digest"].isEmpty)
    #expect(head.headers["x-team"] == ["blue"])
    #expect(!head.headers.contains(name: "upload-offset") && !head.headers.contains(name: "upload-complete"))
  }

  // MARK: Discovery

  private func response(_ status: Int, _ headers: HTTPHeaders = [:]) -> ExchangeResponse {
    ExchangeResponse(status: status, headers: headers)
  }

  @Test func `an Upload-Limit means the draft, and a Tus-Version means tus`() {
    var draft = DiscoveryStateMachine()
    #expect(draft.start() == .ask(.draft))
    let found = draft.responded(response(200, ["Upload-Limit": "max-append-size=5"]))
    #expect(found == .found(.resumable(.draft, maxAppendSize: 5)))
    var tus = DiscoveryStateMachine()
    #expect(tus.responded(response(204)) == .ask(.tus))
    let headers: HTTPHeaders = ["Tus-Version": "1.1.0,1.0.0", "Tus-Extension": "creation,expiration"]
    #expect(tus.responded(response(200, headers)) == .found(.resumable(.tus, maxAppendSize: nil)))
  }

  @Test(arguments: [200, 204, 301, 400, 401, 404, 405, 501])
  func `any other response means a plain server`(status: Int) {
    var machine = DiscoveryStateMachine()
    #expect(machine.responded(response(status)) == .ask(.tus))
    #expect(machine.responded(response(status)) == .found(.plain))
  }

  @Test func `a tus server without creation counts as a plain one`() {
    var machine = DiscoveryStateMachine()
    _ = machine.responded(response(204))
    #expect(machine.responded(response(200, ["Tus-Version": "1.0.0"])) == .found(.plain))
  }

  @Test func `a server that cannot be reached or is busy is asked again, one that closes connections is plain`() {
    var machine = DiscoveryStateMachine()
    for _ in 0..<10 { #expect(machine.failed(wasConnected: false) == .retry(.draft)) }
    for _ in 0..<10 { #expect(machine.responded(response(503)) == .retry(.draft)) }
    #expect(machine.failed(wasConnected: true) == .retry(.draft))
    #expect(machine.failed(wasConnected: true) == .retry(.draft))
    #expect(machine.failed(wasConnected: true) == .found(.plain))
  }
}
