import HTTPTypes
import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct ResumptionStatusTests {
  private func status(_ fields: [String: String]) -> ResumptionStatus {
    ResumptionStatus(status: 204) { fields[$0] }
  }

  @Test func `a client reads offset, length, limits, URL and completion of the draft`() {
    let status = status([
      "Upload-Offset": "5", "Upload-Length": "10", "Upload-Complete": "?0", "Location": "/uploads/x",
      "Upload-Limit": "max-append-size=100, max-age=60",
    ])
    #expect(status.status == 204 && status.offset == 5 && status.length == 10 && status.isComplete == false)
    #expect(status.limits == UploadLimitField(maxAppendSize: 100, maxAge: 60) && status.location == "/uploads/x")
    #expect(status.expires == nil)
  }

  @Test func `a client reads larger numbers and the expiry of tus`() {
    let status = status([
      "Upload-Offset": "9223372036854775807", "Upload-Expires": "Sun, 06 Nov 1994 08:49:37 GMT",
    ])
    #expect(status.offset == 9_223_372_036_854_775_807 && status.expires == 784_111_777)
    #expect(status.isComplete == nil && status.limits == nil && status.location == nil)
  }

  @Test func `invalid fields of a response are ignored`() {
    let wrong = status([
      "Upload-Offset": "-5", "Upload-Length": "5, 6", "Upload-Complete": "true", "Location": "",
      "Upload-Limit": "x y", "Upload-Expires": "tomorrow",
    ])
    #expect(wrong == status([:]))
    #expect(status(["Upload-Offset": "9223372036854775808"]).offset == nil)
    #expect(status(["Upload-Offset": "5;a=1"]).offset == 5)
  }

  @Test func `a client learns from OPTIONS which protocol a server offers`() {
    func offer(_ status: Int, _ fields: [String: String]) -> ResumableOffer? {
      ResumableOffer(status: status) { fields[$0] }
    }
    let tus = ["Tus-Version": "1.0.0,0.2.2", "Tus-Extension": "creation, expiration", "Tus-Max-Size": "100"]
    #expect(offer(200, ["Upload-Limit": "min-size=0"]) == .draft(UploadLimitField(minSize: 0)))
    #expect(offer(204, tus) == .tus(maxSize: 100))
    #expect(offer(200, tus.merging(["Upload-Limit": "max-size=5"]) { $1 }) == .draft(UploadLimitField(maxSize: 5)))
    #expect(offer(200, tus.merging(["Tus-Max-Size": "x"]) { $1 }) == .tus(maxSize: nil))
    #expect(offer(404, tus) == nil && offer(200, [:]) == nil && offer(200, ["Upload-Limit": "x y"]) == nil)
    #expect(offer(200, ["Tus-Version": "0.2.2", "Tus-Extension": "creation"]) == nil)
    #expect(offer(200, ["Tus-Version": "1.0.0", "Tus-Extension": "expiration,creation-with-upload"]) == nil)
  }

  @Test func `a client reads what the exchanges of this server write`() {
    var server = ResumableServer(ResumableLimits(maxSize: 100, maxAppendSize: 50))
    let draft = server.send(.draft, .options)
    let tus = server.send(.tus, .options)
    let limits = UploadLimitField(maxSize: 100, maxAppendSize: 50)
    #expect(ResumableOffer(status: 200) { draft.value($0) } == .draft(limits))
    #expect(ResumableOffer(status: 200) { tus.value($0) } == .tus(maxSize: 100))
    let created = server.send(.draft, .post, nil, [.uploadComplete: "?0"], body: "hello")
    let status = ResumptionStatus(status: created.status) { created.value($0) }
    #expect(status.status == 201 && status.offset == 5 && status.isComplete == false && status.location != nil)
    #expect(status.limits == UploadLimitField(maxSize: 100, maxAppendSize: 50, maxAge: 86_400))
  }
}
