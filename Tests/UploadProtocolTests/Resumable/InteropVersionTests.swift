import HTTPTypes
import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct InteropVersionTests {
  private static let newest = 10

  private func version(_ number: Int?) -> InteropVersion { InteropVersion(stated: number) }

  @Test(arguments: [3, 4, 5, 6, 7, 8, 9, 10, nil, 11, 99, 0, 2])
  func `each version has the rules of its draft, and an unknown one the newest`(number: Int?) {
    let version = version(number)
    let rules = number.flatMap { (3...10).contains($0) ? $0 : nil } ?? Self.newest
    #expect(version.usesIncomplete == (rules == 3))
    #expect(version.requiresPartialUploadType == (rules >= 6))
    #expect(version.requiresComplete == (rules >= 8))
    #expect(version.ageKey == (rules <= 6 ? "expires" : "max-age"))
    #expect(version.readsInterimStatus == (number.map { (3...10).contains($0) } ?? false))
  }

  @Test(
    arguments: [
      ("6", 6), ("10", 10), ("99", 99), ("", nil), ("x", nil), ("6.0", nil), ("-3", nil), ("?1", nil), ("6, 6", nil),
    ] as [(String, Int?)]
  ) func `the version is read from an integer, and ignored otherwise`(value: String, expected: Int?) {
    #expect(InteropVersion([.uploadDraftInteropVersion: value]).stated == expected)
    #expect(InteropVersion([:]).stated == nil)
  }

  @Test func `version 3 states the inverse in Upload-Incomplete`() {
    let version = version(3)
    #expect(version.isComplete([.uploadIncomplete: "?1"]) == false)
    #expect(version.isComplete([.uploadIncomplete: "?0"]) == true)
    #expect(version.isComplete([.uploadIncomplete: "x"]) == nil)
    var fields: HTTPFields = [:]
    version.setComplete(true, in: &fields)
    #expect(fields == [.uploadIncomplete: "?0"])
    version.setComplete(false, in: &fields)
    #expect(fields == [.uploadIncomplete: "?1"])
  }

  @Test(arguments: [4, 5, 6, 7, 8, 9, 10, nil, 11])
  func `all other versions use Upload-Complete and ignore Upload-Incomplete`(number: Int?) {
    let version = version(number)
    #expect(version.isComplete([.uploadComplete: "?1"]) == true)
    #expect(version.isComplete([.uploadIncomplete: "?0"]) == nil)
    var fields: HTTPFields = [:]
    version.setComplete(false, in: &fields)
    #expect(fields == [.uploadComplete: "?0"])
  }

  @Test func `a request that states whether it ends the upload is a creation`() {
    func isCreation(_ method: HTTPRequest.Method, _ fields: HTTPFields) -> Bool {
      DraftExchange.isDraftCreation(
        HTTPRequest(method: method, scheme: nil, authority: nil, path: "/a", headerFields: fields)
      )
    }
    #expect(isCreation(.post, [.uploadComplete: "?0"]))
    #expect(isCreation(.put, [.uploadComplete: "?1"]))
    #expect(isCreation(.post, [.uploadIncomplete: "?1", .uploadDraftInteropVersion: "3"]))
    #expect(!isCreation(.post, [.uploadIncomplete: "?1"]))
    #expect(!isCreation(.post, [.uploadComplete: "yes"]))
    #expect(!isCreation(.post, [.uploadDraftInteropVersion: "8"]))
    #expect(!isCreation(.get, [.uploadComplete: "?1"]))
  }

  @Test func `limits are written with the lifetime key of the version`() {
    let limits = UploadLimitField(
      maxSize: 100,
      minSize: 1,
      maxAppendSize: 10,
      minAppendSize: 2,
      maxAge: 60
    )
    #expect(limits.text(version(6)).hasSuffix(", expires=60"))
    let text = "max-size=100, min-size=1, max-append-size=10, min-append-size=2, max-age=60"
    #expect(limits.text(version(nil)) == text)
    #expect(UploadLimitField(text) == limits)
    #expect(UploadLimitField(limits.text(version(6))) == limits)
  }

  @Test func `without any limit the field is min-size=0`() {
    #expect(UploadLimitField().text(version(nil)) == "min-size=0")
    #expect(UploadLimitField(maxSize: .max).text(version(8)) == "max-size=999999999999999")
  }

  @Test func `unknown and invalid members of limits are ignored, an invalid dictionary altogether`() {
    #expect(
      UploadLimitField("max-size=\"x\", min-size=-5, new=?1, max-append-size=7;a=b, max-age=1.5")
        == UploadLimitField(maxAppendSize: 7)
    )
    #expect(UploadLimitField("") == UploadLimitField())
    #expect(UploadLimitField("max-size") == UploadLimitField())
    for wrong in ["max-size=", "MAX-SIZE=1", "max-size=1,", "1, 2", "max-size=(1 2)"] {
      #expect(UploadLimitField(wrong) == nil, "\(wrong)")
    }
  }

  @Test func `problem documents have the registered types and the numbers`() {
    let mismatch = ProblemDocument.mismatchingOffset(expected: 12, provided: .max)
    #expect(mismatch.type == "https://iana.org/assignments/http-problem-types#mismatching-upload-offset")
    #expect(mismatch.status == 409)
    #expect(
      mismatch.json.hasPrefix("{\"type\":\"\(mismatch.type)\",\"title\":\"Mismatching upload offset\",\"status\":409,")
    )
    #expect(mismatch.json.hasSuffix(",\"expected-offset\":12,\"provided-offset\":18446744073709551615}\n"))
    let length = ProblemDocument.inconsistentLength
    #expect(length.type == "https://iana.org/assignments/http-problem-types#inconsistent-upload-length")
    #expect(length.status == 400 && length.json.hasSuffix("\"}\n"))
  }
}
