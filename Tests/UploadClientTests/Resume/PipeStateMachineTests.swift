import Testing
import UploadCore

@testable import UploadClient

/// The requests of an upload from a pipe, without a network.
@Suite struct PipeStateMachineTests {
  private static let uri = "/uploads/abc"
  private let ask = ResumeStateMachine.Step.offset(uri: Self.uri)

  private func appending(_ kind: ResumableProtocol, maxRequest: UInt64? = nil) -> ResumeStateMachine {
    var machine = ResumeStateMachine(
      kind,
      extent: ResumeExtent(end: 0, isOpen: true),
      creationURI: "/files",
      maxRequest: maxRequest
    )
    let action = machine.respond(201, ["Location": Self.uri])
    #expect(action == .send(.rest(uri: Self.uri, from: 0, atMost: maxRequest)))
    return machine
  }

  @Test func `in the draft the request with the end of the pipe completes the upload`() {
    var machine = appending(.draft)
    machine.read(ResumeExtent(end: 700))
    let fields = ["Upload-Complete": "?1"]
    #expect(machine.respond(201, fields) == .finish(response(201, fields)))
  }

  @Test func `in tus the length follows the end of the pipe`() {
    var machine = appending(.tus)
    machine.read(ResumeExtent(end: 700))
    #expect(machine.respond(204, ["Upload-Offset": "700"]) == .send(.length(uri: Self.uri, offset: 700, 700)))
    #expect(machine.respond(204, ["Upload-Offset": "700"]) == .finish(response(204, ["Upload-Offset": "700"])))
  }

  @Test func `in tus a length that is accepted with another offset is asked about`() {
    var machine = appending(.tus)
    machine.read(ResumeExtent(end: 700))
    _ = machine.respond(204, ["Upload-Offset": "700"])
    #expect(machine.respond(204, ["Upload-Offset": "100"]) == .send(ask))
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `small requests of a pipe that has been read further are progress`(kind: ResumableProtocol) {
    var machine = appending(kind, maxRequest: 10)
    machine.read(ResumeExtent(end: 5_000, isOpen: true))
    for round in 1...9 as ClosedRange<UInt64> {
      let next = ResumeStateMachine.Step.rest(uri: Self.uri, from: round * 10, atMost: 10)
      #expect(machine.respond(204, ["Upload-Offset": "\(round * 10)"]) == .send(next))
    }
  }

  @Test func `in the draft a pipe that is completed with fewer bytes than were sent fails`() {
    var machine = appending(.draft)
    machine.read(ResumeExtent(end: 700))
    let action = machine.respond(201, ["Upload-Complete": "?1", "Upload-Offset": "100"])
    #expect(action == .fail(.completeTooSoon(100)))
  }

  @Test func `after an interruption the bytes that are kept are sent again`() {
    var machine = appending(.draft)
    machine.read(ResumeExtent(start: 300, end: 700, isOpen: true))
    #expect(machine.interrupted(isBodySent: false, reach: 700) == .retry(ask))
    #expect(machine.respond(204, ["Upload-Offset": "300"]) == .send(.rest(uri: Self.uri, from: 300, atMost: nil)))
    machine.read(ResumeExtent(start: 301, end: 701, isOpen: true))
    _ = machine.interrupted(isBodySent: false, reach: 701)
    #expect(machine.respond(204, ["Upload-Offset": "300"]) == .fail(.notKept(300)))
  }

  @Test func `once the pipe has ended its rest is sent as that of a file`() {
    var draft = appending(.draft)
    draft.read(ResumeExtent(start: 300, end: 700))
    _ = draft.interrupted(isBodySent: true, reach: 700)
    let rest = ResumeStateMachine.Step.append(uri: Self.uri, 500..<700, isLast: true)
    #expect(draft.respond(204, ["Upload-Offset": "500"]) == .send(rest))
    var tus = appending(.tus)
    tus.read(ResumeExtent(start: 300, end: 700))
    _ = tus.interrupted(isBodySent: true, reach: 700)
    #expect(tus.respond(200, ["Upload-Offset": "500"]) == .send(.length(uri: Self.uri, offset: 500, 700)))
    #expect(tus.respond(204) == .send(rest))
    #expect(tus.respond(204, ["Upload-Offset": "700"]) == .finish(response(204, ["Upload-Offset": "700"])))
  }

  @Test func `in tus all bytes without the length are no complete upload`() {
    var machine = appending(.tus)
    machine.read(ResumeExtent(end: 700))
    _ = machine.interrupted(isBodySent: true, reach: 700)
    #expect(machine.respond(200, ["Upload-Offset": "700"]) == .send(.length(uri: Self.uri, offset: 700, 700)))
    #expect(machine.interrupted(isBodySent: true) == .retry(ask))
    #expect(machine.respond(200, ["Upload-Offset": "700", "Upload-Length": "700"]) == .finishUnseen)
  }

  @Test func `an upload that is gone begins anew only while all bytes are kept`() {
    var kept = appending(.tus)
    kept.read(ResumeExtent(end: 700, isOpen: true))
    #expect(kept.respond(410) == .restart(.gone, .create))
    #expect(kept.respond(201, ["Location": Self.uri]) == .send(.rest(uri: Self.uri, from: 0, atMost: nil)))
    kept.read(ResumeExtent(start: 1, end: 701, isOpen: true))
    #expect(kept.respond(404) == .fail(.goneForPipe))
  }

  @Test func `requests of a limited size end with one that says that there are no more bytes`() {
    var machine = appending(.draft, maxRequest: 500)
    machine.read(ResumeExtent(end: 500, isOpen: true))
    #expect(machine.respond(204, ["Upload-Offset": "500"]) == .send(.rest(uri: Self.uri, from: 500, atMost: 500)))
    machine.read(ResumeExtent(end: 700))
    let end = ResumeStateMachine.Step.append(uri: Self.uri, 700..<700, isLast: true)
    #expect(machine.respond(204, ["Upload-Offset": "700"]) == .send(end))
  }

  @Test(arguments: [UInt64(0), 1_500_000, 3_000_000]) func `413 limits the next requests`(sent: UInt64) {
    var machine = appending(.draft)
    machine.read(ResumeExtent(end: sent, isOpen: true))
    #expect(machine.respond(413) == .send(ask))
    let limit: UInt64 = sent == 3_000_000 ? 1_500_000 : 1 << 20
    #expect(machine.respond(204, ["Upload-Offset": "0"]) == .send(.rest(uri: Self.uri, from: 0, atMost: limit)))
    let announced = machine.respond(413, ["Upload-Limit": "max-append-size=70000"])
    #expect(announced == .send(ask))
    #expect(machine.respond(204, ["Upload-Offset": "0"]) == .send(.rest(uri: Self.uri, from: 0, atMost: 70_000)))
  }

  @Test(arguments: [400, 404, 405, 411, 501])
  func `a server that accepts no unknown length gets the pipe in one request`(status: Int) {
    var machine = ResumeStateMachine(.tus, extent: ResumeExtent(end: 9, isOpen: true), creationURI: "/files")
    #expect(machine.respond(status) == .sendPlainly)
  }

  @Test func `more bytes than were read of the pipe are not believed`() {
    var machine = appending(.tus)
    machine.read(ResumeExtent(end: 700, isOpen: true))
    #expect(machine.respond(409, ["Upload-Offset": "701"]) == .restart(.mismatch, .create))
  }
}
