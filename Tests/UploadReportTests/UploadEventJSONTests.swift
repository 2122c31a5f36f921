import Testing
import UploadCore

@testable import UploadReport

/// The JSON events that example/docs/json.md lists. Programs read them, so keys and their order are exact.
@Suite struct UploadEventJSONTests {
  private let upload = UploadSnapshot.example()
  private let outgoing = UploadSnapshot.example {
    $0.direction = .outgoing
    $0.state = .sending
    ($0.stored, $0.durable, $0.eta) = (nil, nil, nil)
  }

  private func expect(
    _ event: UploadEvent,
    _ line: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(event.json.serialized == line, sourceLocation: sourceLocation)
  }

  @Test func `the listening event has the server's addresses and settings`() {
    expect(
      .listening(ServerListening(url: "http://127.0.0.1:40123", directory: "/srv/up", processID: 1)),
      #"{"event":"listening","url":"http://127.0.0.1:40123","links":[],"rawPort":null,"dir":"/srv/up","pid":1,"#
        + #""token":null,"adminToken":null,"fingerprint":null,"unfinished":0}"#
    )
    let server = ServerListening(
      url: "https://[::1]:1",
      links: ["https://files.example/up/#t=t", "https://[::1]:1/#t=t"],
      rawPort: 9,
      directory: ".",
      processID: 2,
      token: "t",
      adminToken: "o",
      fingerprint: "ab:cd",
      unfinished: 3
    )
    expect(
      .listening(server),
      #"{"event":"listening","url":"https://[::1]:1","links":["https://files.example/up/#t=t","https://[::1]:1/#t=t"],"#
        + #""rawPort":9,"dir":".","pid":2,"token":"t","adminToken":"o","fingerprint":"ab:cd","unfinished":3}"#
    )
  }

  @Test func `the download event has the file, the client, the outcome and the bytes`() {
    let download = DownloadSnapshot.example(.aborted)
    expect(
      .download(download),
      #"{"event":"download","id":"\#(download.id)","outcome":"aborted","name":"a.bin","remote":"192.0.2.7:5555","#
        + #""size":1073741824,"bytes":1048576,"seconds":2.5}"#
    )
  }

  @Test func `the rejected event has the request and its count`() {
    let request = RejectedRequest(
      time: "2026-11-28T11:00:00Z",
      client: "192.0.2.7",
      method: "PUT",
      host: "files.example",
      path: "/a",
      status: 413,
      reason: "Too large.",
      count: 3
    )
    expect(
      .rejected(request),
      #"{"event":"rejected","time":"2026-11-28T11:00:00Z","client":"192.0.2.7","method":"PUT","host":"files.example","#
        + #""path":"/a","status":413,"reason":"Too large.","count":3}"#
    )
    let unreadable = RejectedRequest(
      time: "2026-11-28T11:00:00Z",
      client: nil,
      method: nil,
      path: nil,
      status: 400,
      reason: "No."
    )
    expect(
      .rejected(unreadable),
      #"{"event":"rejected","time":"2026-11-28T11:00:00Z","client":null,"method":null,"host":null,"path":null,"#
        + #""status":400,"reason":"No.","count":1}"#
    )
  }

  @Test func `the started event has the upload's attributes`() {
    expect(
      .started(upload),
      #"{"event":"started","id":"\#(upload.id)","request":"\#(upload.request)","direction":"incoming","mode":"stream","#
        + #""name":"a.bin","size":1073741824,"sizeExact":true,"remote":"127.0.0.1:5555","declaredType":null}"#
    )
    let unknown = upload.changed {
      ($0.size, $0.sizeExact, $0.declaredType) = (nil, false, "text/csv")
    }
    #expect(unknown.size == nil)
    expect(
      .started(unknown),
      #"{"event":"started","id":"\#(upload.id)","request":"\#(upload.request)","direction":"incoming","mode":"stream","#
        + #""name":"a.bin","size":null,"sizeExact":false,"remote":"127.0.0.1:5555","declaredType":"text/csv"}"#
    )
  }

  @Test func `the progress event has the upload's counters`() {
    expect(
      .progress(upload),
      #"{"event":"progress","id":"\#(upload.id)","direction":"incoming","state":"receiving","bytes":536870912,"#
        + #""stored":268435456,"durable":0,"speed":100873011,"speedAvg":90000001,"eta":5.323,"residentBytes":3145728}"#
    )
  }

  @Test func `the progress event of an outgoing upload without a response has null for stored and durable`() {
    expect(
      .progress(outgoing),
      #"{"event":"progress","id":"\#(outgoing.id)","direction":"outgoing","state":"sending","bytes":536870912,"#
        + #""stored":null,"durable":null,"speed":100873011,"speedAvg":90000001,"eta":null,"residentBytes":3145728,"#
        + #""attempt":1,"retryIn":null}"#
    )
  }

  @Test func `the retrying event has the next attempt and the reason`() {
    let waiting = outgoing.changed {
      $0.retryReason = "gone"
      $0.attempt = 3
      $0.retryIn = 1.5
    }
    expect(
      .retrying(waiting),
      #"{"event":"retrying","id":"\#(outgoing.id)","direction":"outgoing","attempt":3,"seconds":1.5,"reason":"gone"}"#
    )
  }

  @Test func `the stalled and resumed events have the duration`() {
    expect(
      .stalled(upload.stalled(.client, 5)),
      #"{"event":"stalled","id":"\#(upload.id)","direction":"incoming","cause":"client","seconds":5.0}"#
    )
    expect(
      .resumed(upload, seconds: 7.2),
      #"{"event":"resumed","id":"\#(upload.id)","direction":"incoming","seconds":7.2,"after":"stall"}"#
    )
    expect(
      .resumed(upload, seconds: 7.2, after: .interruption),
      #"{"event":"resumed","id":"\#(upload.id)","direction":"incoming","seconds":7.2,"after":"interruption"}"#
    )
  }

  @Test func `the finished event has the stored file`() {
    let plain = FinishedUpload(path: "a (2).bin", bytes: 7)
    expect(
      .finished(upload.ended(.finished(plain)), plain),
      #"{"event":"finished","id":"\#(upload.id)","direction":"incoming","mode":"stream","name":"a.bin","#
        + #""path":"a (2).bin","bytes":7,"seconds":5.25,"peakResidentBytes":3145728,"type":null,"declaredType":null,"#
        + #""detectedType":null,"sha256":null}"#
    )
    let file = FinishedUpload(
      path: "a.bin",
      bytes: 7,
      type: "application/zip",
      declaredType: "text/plain",
      detectedType: "application/zip",
      sha256: "e3b0"
    )
    expect(
      .finished(upload, file),
      #"{"event":"finished","id":"\#(upload.id)","direction":"incoming","mode":"stream","name":"a.bin","path":"a.bin","#
        + #""bytes":7,"seconds":5.25,"peakResidentBytes":3145728,"type":"application/zip","#
        + #""declaredType":"text/plain","detectedType":"application/zip","sha256":"e3b0"}"#
    )
  }

  @Test func `the failed and cancelled events have the name, and the failed one the error`() {
    expect(
      .failed(outgoing, UploadError(.connectionRefused, "Nothing listens at \"x\".")),
      #"{"event":"failed","id":"\#(outgoing.id)","direction":"outgoing","name":"\#(outgoing.name)","#
        + #""error":{"code":"connectionRefused","message":"Nothing listens at \"x\"."}}"#
    )
    expect(
      .cancelled(outgoing),
      #"{"event":"cancelled","id":"\#(outgoing.id)","direction":"outgoing","name":"\#(outgoing.name)"}"#
    )
  }

  @Test func `the process event has the memory`() {
    expect(
      .process(ProcessMemory(resident: 1, peak: 2), SlabUse(used: 3, budget: 268_435_456)),
      #"{"event":"process","rss":1,"rssPeak":2,"slabBytes":3,"budget":268435456}"#
    )
  }

  @Test func `NaN and infinite times are null in JSON, and their events still have a plain sentence`() {
    let broken = upload.changed {
      ($0.speed, $0.averageSpeed, $0.eta, $0.seconds) = (.nan, .infinity, .infinity, .nan)
    }
    #expect(UploadEvent.progress(broken).json.serialized.contains(#""eta":null"#))
    let file = FinishedUpload(path: "a", bytes: .max)
    #expect(UploadEvent.finished(broken, file).json.serialized.contains(#""seconds":null"#))
    for event in [
      UploadEvent.progress(broken), .finished(broken, file), .stalled(broken), .resumed(broken, seconds: .nan),
    ] {
      #expect(event.plainLine() != nil)
    }
  }
}
