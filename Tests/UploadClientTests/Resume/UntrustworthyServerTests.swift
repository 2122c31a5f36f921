import Testing
import UploadCore

@testable import UploadClient

/// Servers whose responses contradict what was sent, as values.
@Suite struct UntrustworthyServerTests {
  private static let size: UInt64 = 1_000_000
  private static let uri = "/uploads/abc"

  private func machine(_ kind: ResumableProtocol, uri: String? = nil) -> ResumeStateMachine {
    ResumeStateMachine(kind, extent: ResumeExtent(end: Self.size), creationURI: "/files", uri: uri)
  }

  private func appending(_ kind: ResumableProtocol) -> ResumeStateMachine {
    var machine = machine(kind)
    _ = machine.respond(201, ["Location": Self.uri])
    return machine
  }

  private let ask = ResumeStateMachine.Step.offset(uri: Self.uri)
  private let whole = ResumeStateMachine.Step.append(uri: Self.uri, 0..<Self.size, isLast: true)

  @Test(arguments: ResumableProtocol.allCases)
  func `an offset beyond what was sent is not believed`(kind: ResumableProtocol) {
    for (status, fields) in [
      (204, ["Upload-Offset": "1000000", "Upload-Complete": "?1"]), (204, ["Upload-Offset": "500001"]),
    ] {
      var machine = appending(kind)
      #expect(machine.interrupted(isBodySent: false, reach: 500_000) == .retry(ask))
      #expect(machine.respond(status, fields) == .restart(.mismatch, .create))
    }
    var exact = appending(kind)
    _ = exact.interrupted(isBodySent: false, reach: 500_000)
    let rest = ResumeStateMachine.Step.append(uri: Self.uri, 500_000..<Self.size, isLast: true)
    #expect(exact.respond(204, ["Upload-Offset": "500000"]) == .send(rest))
    var conflict = appending(kind)
    let action = conflict.respond(409, ["Upload-Offset": "1"], isBodySent: false, reach: 0)
    #expect(action == .restart(.mismatch, .create))
  }

  @Test func `what an earlier run has sent is not known, so that its offset is believed`() {
    var machine = machine(.tus, uri: Self.uri)
    #expect(machine.respond(200, ["Upload-Offset": "1000000"]) == .finishUnseen)
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `a new upload begins with its first byte, whatever the response to its creation says`(kind: ResumableProtocol) {
    var machine = machine(kind)
    #expect(machine.respond(201, ["Location": Self.uri, "Upload-Offset": "400"]) == .send(whole))
  }

  @Test func `a success without an offset is asked about, and pauses where that leads nowhere`() {
    var machine = appending(.tus)
    for _ in 0..<3 {
      #expect(machine.respond(204) == .send(ask))
      #expect(machine.respond(200, ["Upload-Offset": "0"]) == .send(whole))
    }
    #expect(machine.respond(204) == .retry(ask))
    var done = appending(.tus)
    _ = done.respond(204)
    #expect(done.respond(200, ["Upload-Offset": "1000000"]) == .finishUnseen)
  }

  @Test func `something that swallows requests with a success, or announces ever lower limits, leads to pauses`() {
    var swallowed = appending(.draft)
    var limited = appending(.draft)
    var actions: [ResumeStateMachine.Action] = []
    for round in 0..<4 {
      actions.append(swallowed.respond(200))
      actions.append(limited.respond(413, ["Upload-Limit": "max-append-size=\(1000 - round)"]))
      _ = swallowed.respond(204, ["Upload-Offset": "0"])
      _ = limited.respond(204, ["Upload-Offset": "0"])
    }
    #expect(actions == Array(repeating: .send(ask), count: 6) + [.retry(ask), .retry(ask)])
  }

  @Test(arguments: [400, 405, 412, 501])
  func `an upload of an earlier run at a server that does not know the protocol begins anew`(status: Int) {
    var machine = machine(.tus, uri: Self.uri)
    #expect(machine.respond(status) == .restart(.gone, .create))
    var current = appending(.tus)
    _ = current.interrupted(isBodySent: false)
    #expect(current.respond(status) == .finish(response(status)))
  }

  @Test func `an earlier upload at a server that responds to everything, but never with an offset, begins anew`() {
    var machine = machine(.draft, uri: Self.uri)
    #expect(machine.respond(200) == .retry(ask))
    #expect(machine.respond(200) == .retry(ask))
    #expect(machine.respond(200) == .restart(.gone, .create))
    var current = appending(.draft)
    _ = current.interrupted(isBodySent: false)
    for _ in 0..<9 { #expect(current.respond(200) == .retry(ask)) }
  }

  @Test(arguments: [400, 405, 412, 415])
  func `an append without the version is repeated once with it, where the server may need that`(status: Int) {
    var machine = appending(.draft)
    #expect(!machine.requiresVersion)
    #expect(machine.respond(status) == .send(ask))
    #expect(machine.requiresVersion)
    #expect(machine.respond(204, ["Upload-Offset": "0"]) == .send(whole))
    #expect(machine.respond(status) == .finish(response(status)))
  }
}
