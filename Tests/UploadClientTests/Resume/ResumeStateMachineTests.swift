import Testing
import UploadCore

@testable import UploadClient

/// The requests of a resumable upload, without a network.
@Suite struct ResumeStateMachineTests {
  private static let size: UInt64 = 1_000_000
  private static let uri = "/uploads/abc"

  private func machine(
    _ kind: ResumableProtocol,
    size: UInt64 = Self.size,
    maxRequest: UInt64? = nil,
    uri: String? = nil
  ) -> ResumeStateMachine {
    ResumeStateMachine(
      kind,
      extent: ResumeExtent(end: size),
      creationURI: "/stream-upload?name=a",
      maxRequest: maxRequest,
      uri: uri
    )
  }

  /// A machine whose upload has been created, and whose first bytes are being sent.
  private func appending(_ kind: ResumableProtocol, maxRequest: UInt64? = nil) -> ResumeStateMachine {
    var machine = machine(kind, maxRequest: maxRequest)
    _ = machine.respond(201, ["Location": Self.uri])
    return machine
  }

  private func append(_ range: Range<UInt64>, isLast: Bool = true) -> ResumeStateMachine.Step {
    .append(uri: Self.uri, range, isLast: isLast)
  }

  private let ask = ResumeStateMachine.Step.offset(uri: Self.uri)

  // MARK: Creation

  @Test(arguments: ResumableProtocol.allCases)
  func `an upload is created without a body, and one request sends the whole file`(kind: ResumableProtocol) {
    var machine = machine(kind)
    #expect(machine.step == .create)
    #expect(machine.respond(201, ["Location": Self.uri]) == .send(append(0..<Self.size)))
    #expect(machine.uri == Self.uri)
  }

  @Test func `the draft ends with a response that is the target's own, success or not`() {
    for status in [200, 201, 204, 400, 409, 413, 415, 422, 500, 507] {
      var machine = appending(.draft)
      let action = machine.respond(status, ["Upload-Complete": "?1"])
      #expect(action == .finish(response(status, ["Upload-Complete": "?1"])))
    }
    var create = machine(.draft)
    #expect(create.respond(507, ["Upload-Complete": "?1"]) == .finish(response(507, ["Upload-Complete": "?1"])))
  }

  @Test func `tus ends when the server has stored the last byte`() {
    var machine = appending(.tus)
    let fields = ["Upload-Offset": "1000000"]
    #expect(machine.respond(204, fields) == .finish(response(204, fields)))
  }

  @Test func `an empty file needs no second request in tus, and one without content in the draft`() {
    var tus = machine(.tus, size: 0)
    #expect(tus.respond(201, ["Location": Self.uri]) == .finish(response(201, ["Location": Self.uri])))
    var draft = machine(.draft, size: 0)
    #expect(draft.respond(201, ["Location": Self.uri]) == .send(append(0..<0)))
  }

  @Test(arguments: [404, 405, 501]) func `a server that creates no uploads gets the file in one request`(status: Int) {
    var machine = machine(.draft)
    #expect(machine.respond(status) == .sendPlainly)
  }

  @Test(arguments: [nil, "", "ftp://h/x", "/a b", "/\u{7F}", "http://[::bad"])
  func `a creation without a usable Location fails`(location: String?) {
    var machine = machine(.tus)
    #expect(machine.respond(201, location.map { ["Location": $0] } ?? [:]) == .fail(.noLocation))
  }

  @Test func `a server that considers an upload complete at its creation has stored too little`() {
    var machine = machine(.draft)
    #expect(machine.respond(201, ["Upload-Complete": "?1", "Location": Self.uri]) == .fail(.completeTooSoon(0)))
  }

  @Test(arguments: [400, 401, 403, 409, 412, 413, 415]) func `a rejected creation decides`(status: Int) {
    var machine = machine(.tus)
    #expect(machine.respond(status) == .finish(response(status)))
  }

  // MARK: Interruptions

  @Test(arguments: ResumableProtocol.allCases)
  func `after an interruption the server's offset decides where to continue`(kind: ResumableProtocol) {
    var machine = appending(kind)
    #expect(machine.interrupted(isBodySent: false) == .retry(ask))
    #expect(machine.interrupted(isBodySent: true) == .retry(ask))
    #expect(machine.respond(204, ["Upload-Offset": "400000"]) == .send(append(400_000..<Self.size)))
    #expect(machine.offset == 400_000)
    // An offset that has decreased, as that of a server that syncs nothing.
    #expect(machine.interrupted(isBodySent: false) == .retry(ask))
    #expect(machine.respond(200, ["Upload-Offset": "300000"]) == .send(append(300_000..<Self.size)))
  }

  @Test func `a lost response to a creation leads to another creation`() {
    var machine = machine(.draft)
    #expect(machine.interrupted(isBodySent: true) == .retry(.create))
  }

  @Test(arguments: [408, 423, 425, 429, 500, 502, 503, 504, 507, 599])
  func `a temporary rejection is followed by a pause`(status: Int) {
    var create = machine(.tus)
    #expect(create.respond(status) == .retry(.create))
    var patch = appending(.tus)
    #expect(patch.respond(status) == .retry(ask))
    #expect(patch.respond(status) == .retry(ask))
  }

  @Test func `an upload of an earlier run begins with the question for its offset`() {
    var machine = machine(.draft, uri: Self.uri)
    #expect(machine.step == ask)
    #expect(machine.respond(204, ["Upload-Offset": "7", "Upload-Complete": "?0"]) == .send(append(7..<Self.size)))
  }

  @Test func `after a pause of the user the server's offset is asked first`() {
    var machine = appending(.tus)
    #expect(machine.continued() == ask)
    var create = self.machine(.tus)
    #expect(create.continued() == .create)
  }

  @Test(arguments: ["", "-1", "1e3", "0x10", "99999999999999999999", "1, 2"])
  func `a response without a valid offset is a temporary failure`(offset: String) {
    var machine = machine(.tus, uri: Self.uri)
    #expect(machine.respond(200, ["Upload-Offset": offset]) == .retry(ask))
  }

  // MARK: Lost final responses

  @Test func `a lost final response is asked for again in the draft`() {
    var machine = appending(.draft)
    _ = machine.interrupted(isBodySent: true)
    let complete = ["Upload-Offset": "1000000", "Upload-Complete": "?1"]
    #expect(machine.respond(204, complete) == .send(append(Self.size..<Self.size)))
    var forgetful = machine
    #expect(machine.respond(201, ["Upload-Complete": "?1"]) == .finish(response(201, ["Upload-Complete": "?1"])))
    // The server keeps the response no longer, but the file is complete.
    #expect(forgetful.respond(404) == .finishUnseen)
  }

  @Test func `a lost final response is no loss in tus`() {
    var machine = appending(.tus)
    _ = machine.interrupted(isBodySent: true)
    #expect(machine.respond(200, ["Upload-Offset": "1000000"]) == .finishUnseen)
  }

  @Test func `in the draft a request completes the upload, not its last byte`() {
    var machine = machine(.draft, uri: Self.uri)
    let action = machine.respond(204, ["Upload-Offset": "1000000", "Upload-Complete": "?0"])
    #expect(action == .send(append(Self.size..<Self.size)))
  }

  @Test(arguments: [404, 410])
  func `an upload that is gone after its last byte was sent is not sent again`(status: Int) {
    var machine = appending(.draft)
    _ = machine.interrupted(isBodySent: true)
    #expect(machine.respond(status) == .fail(.goneAfterLastByte))
    var busy = appending(.tus)
    #expect(busy.respond(504, isBodySent: true) == .retry(ask))
    #expect(busy.respond(status) == .fail(.goneAfterLastByte))
  }

  // MARK: Uploads that are gone, and those of other files

  @Test(arguments: [404, 410]) func `an upload that is gone begins anew, a few times`(status: Int) {
    var machine = machine(.tus, uri: Self.uri)
    for _ in 0..<3 {
      #expect(machine.respond(status) == .restart(.gone, .create))
      #expect(machine.uri == nil && machine.offset == 0)
      #expect(machine.respond(201, ["Location": Self.uri]) == .send(append(0..<Self.size)))
    }
    #expect(machine.respond(status) == .fail(.goneAgain))
  }

  @Test func `an offset beyond the file's size, or another length, is another file's`() {
    for fields in [["Upload-Offset": "1000001"], ["Upload-Offset": "5", "Upload-Length": "6"]] {
      var machine = machine(.tus, uri: Self.uri)
      #expect(machine.respond(200, fields) == .restart(.mismatch, .create))
    }
    var conflict = appending(.draft)
    #expect(conflict.respond(409, ["Upload-Offset": "1000001"]) == .restart(.mismatch, .create))
  }

  @Test func `a complete upload with fewer bytes than the file fails`() {
    var machine = machine(.draft, uri: Self.uri)
    let fields = ["Upload-Offset": "5", "Upload-Complete": "?1"]
    #expect(machine.respond(204, fields) == .fail(.completeTooSoon(5)))
  }

  @Test(arguments: ["0", "100", "999999"])
  func `a response that completes an upload with fewer bytes than the file is no success`(offset: String) {
    var machine = appending(.draft)
    let fields = ["Upload-Complete": "?1", "Upload-Offset": offset]
    #expect(machine.respond(201, fields) == .fail(.completeTooSoon(UInt64(offset))))
    // One that is asked for again.
    var again = appending(.draft)
    _ = again.interrupted(isBodySent: true)
    _ = again.respond(204, ["Upload-Offset": "1000000", "Upload-Complete": "?1"])
    #expect(again.respond(201, fields) == .fail(.completeTooSoon(UInt64(offset))))
    var whole = appending(.draft)
    let right = ["Upload-Complete": "?1", "Upload-Offset": "1000000"]
    #expect(whole.respond(201, right) == .finish(response(201, right)))
    // A rejection decides, whatever it has stored.
    var rejected = appending(.draft)
    #expect(rejected.respond(507, fields) == .finish(response(507, fields)))
  }

  @Test func `a success that states too few bytes is not believed once the upload is gone`() {
    var machine = appending(.draft)
    #expect(machine.respond(201, ["Upload-Offset": "100"]) == .send(ask))
    #expect(machine.respond(404) == .restart(.gone, .create))
  }

  // MARK: Conflicts

  /// What follows each of ten requests, of which the server has stored `step` bytes more than of the one before.
  private func actions(_ kind: ResumableProtocol, _ status: Int, step: UInt64) -> [ResumeStateMachine.Action] {
    var machine = appending(kind, maxRequest: 900_000)
    var actions: [ResumeStateMachine.Action] = []
    for round in 1...10 as ClosedRange<UInt64> {
      let stored = ["Upload-Offset": "\(round * step)"]
      actions.append(machine.respond(status, stored))
      if actions.last == .retry(ask) { _ = machine.respond(204, stored) }
    }
    return actions
  }

  @Test(arguments: ResumableProtocol.allCases, [204, 409])
  func `an offset that grows by a few bytes leads to pauses, and one that grows by 64 KiB does not`(
    kind: ResumableProtocol,
    status: Int
  ) {
    let few = actions(kind, status, step: 1)
    #expect(few.prefix(3).allSatisfy { $0 != .retry(ask) })
    #expect(few.dropFirst(3).allSatisfy { $0 == .retry(ask) })
    #expect(!actions(kind, status, step: 64 * 1024).contains(.retry(ask)))
    // They add up.
    #expect(!actions(kind, status, step: 32 * 1024).contains(.retry(ask)))
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `small requests that are stored as a whole are progress`(kind: ResumableProtocol) {
    var machine = appending(kind, maxRequest: 10)
    for round in 1...9 as ClosedRange<UInt64> {
      let next = append(round * 10..<round * 10 + 10, isLast: false)
      #expect(machine.respond(204, ["Upload-Offset": "\(round * 10)"]) == .send(next))
      #expect(machine.furthest == round * 10)
    }
  }

  @Test func `a few bytes more after an interruption are no progress, and the end of the file is`() {
    var machine = appending(.draft)
    _ = machine.interrupted(isBodySent: true)
    #expect(machine.respond(204, ["Upload-Offset": "65535"]) == .send(append(65_535..<Self.size)))
    #expect(machine.furthest == 0)
    _ = machine.interrupted(isBodySent: true)
    _ = machine.respond(204, ["Upload-Offset": "65536"])
    #expect(machine.furthest == 65_536)
    _ = machine.respond(409, ["Upload-Offset": "999999"])
    _ = machine.respond(409, ["Upload-Offset": "1000000"])
    #expect(machine.furthest == Self.size)
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `after 409 the server's offset is adopted, whether it is lower or higher`(kind: ResumableProtocol) {
    var machine = appending(kind)
    #expect(machine.respond(409, ["Upload-Offset": "500000"]) == .send(append(500_000..<Self.size)))
    #expect(machine.respond(409, ["Upload-Offset": "200000"]) == .send(append(200_000..<Self.size)))
  }

  @Test func `repeated conflicts without progress end in a pause`() {
    var machine = appending(.tus)
    var actions: [ResumeStateMachine.Action] = []
    for offset in [9, 5, 9, 5, 9, 5, 9] { actions.append(machine.respond(409, ["Upload-Offset": "\(offset)"])) }
    #expect(actions.contains(.retry(ask)))
    var same = appending(.tus)
    #expect(same.respond(409, ["Upload-Offset": "0"]) == .retry(ask))
    var silent = appending(.tus)
    #expect(silent.respond(409) == .retry(ask))
  }

  @Test func `a conflict at the end of a tus upload is no reason to send an empty request`() {
    var machine = appending(.tus)
    #expect(machine.respond(409, ["Upload-Offset": "1000000"]) == .send(ask))
  }

  // MARK: Sizes of requests

  @Test(arguments: ResumableProtocol.allCases)
  func `requests are split at the size that the user allows`(kind: ResumableProtocol) {
    var machine = machine(kind, maxRequest: 400_000)
    #expect(machine.respond(201, ["Location": Self.uri]) == .send(append(0..<400_000, isLast: false)))
    #expect(machine.respond(204, ["Upload-Offset": "400000"]) == .send(append(400_000..<800_000, isLast: false)))
    #expect(machine.respond(204, ["Upload-Offset": "800000"]) == .send(append(800_000..<Self.size)))
  }

  @Test func `a lower limit of the server applies, whenever it is announced`() {
    var machine = machine(.draft, maxRequest: 400_000)
    let created = machine.respond(201, ["Location": Self.uri, "Upload-Limit": "max-append-size=300000, max-age=60"])
    #expect(created == .send(append(0..<300_000, isLast: false)))
    let next = machine.respond(204, ["Upload-Offset": "300000", "Upload-Limit": "max-append-size=100000"])
    #expect(next == .send(append(300_000..<400_000, isLast: false)))
  }

  @Test func `413 without an Upload-Limit halves the size, down to 64 KiB`() {
    var machine = appending(.tus)
    var sizes: [UInt64] = []
    while sizes.count < 20 {
      guard machine.respond(413) == .send(ask) else { break }
      guard case .send(.append(_, let range, _)) = machine.respond(200, ["Upload-Offset": "0"]) else { break }
      sizes.append(range.upperBound)
    }
    #expect(sizes == [500_000, 250_000, 125_000, 65_536])
    #expect(machine.respond(413) == .finish(response(413)))
  }

  @Test func `413 with an Upload-Limit adopts it, or is final where it is about the file`() {
    var machine = appending(.draft)
    #expect(machine.respond(413, ["Upload-Limit": "max-append-size=70000"]) == .send(ask))
    #expect(machine.respond(204, ["Upload-Offset": "0"]) == .send(append(0..<70_000, isLast: false)))
    var whole = appending(.draft)
    let fields = ["Upload-Limit": "max-size=10"]
    #expect(whole.respond(413, fields) == .finish(response(413, fields)))
  }

  @Test func `a limit of zero bytes is ignored`() {
    var machine = machine(.draft, maxRequest: 0)
    #expect(machine.respond(201, ["Location": Self.uri]) == .send(append(0..<1, isLast: false)))
    var other = self.machine(.draft)
    let action = other.respond(201, ["Location": Self.uri, "Upload-Limit": "max-append-size=0"])
    #expect(action == .send(append(0..<Self.size)))
  }

  @Test func `a server that stores less than a request sends gets the rest, but not without progress`() {
    var machine = appending(.tus)
    #expect(machine.respond(204, ["Upload-Offset": "10"]) == .send(append(10..<Self.size)))
    #expect(machine.respond(204, ["Upload-Offset": "10"]) == .retry(ask))
  }

  // MARK: Other responses

  @Test(arguments: [301, 307, 400, 401, 403, 412, 415, 422, 501, 505])
  func `any other rejection of a request decides`(status: Int) {
    var machine = appending(.draft)
    #expect(machine.respond(status, ["Upload-Complete": "?0"]) == .finish(response(status, ["Upload-Complete": "?0"])))
  }

  @Test func `a success of the last request that does not complete the upload is asked about`() {
    var machine = appending(.draft)
    #expect(machine.respond(204, ["Upload-Complete": "?0"]) == .retry(ask))
  }

  @Test func `a success of the last request without Upload-Complete counts once the server has all bytes`() {
    var machine = appending(.draft)
    #expect(machine.respond(201) == .send(ask))
    #expect(machine.respond(204, ["Upload-Offset": "1000000"]) == .finish(response(201)))
    var forgetful = appending(.draft)
    _ = forgetful.respond(201)
    #expect(forgetful.respond(404) == .finish(response(201)))
    // The login page of a network, which has swallowed the request.
    var swallowed = appending(.draft)
    _ = swallowed.respond(200)
    #expect(swallowed.respond(200) == .retry(ask))
    #expect(swallowed.respond(204, ["Upload-Offset": "5"]) == .send(append(5..<Self.size)))
  }
}
