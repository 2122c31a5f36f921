import HTTPTypes
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadProtocol

/// Random values and requests: none may trap, and none may change a file or lower an offset.
@Suite struct ResumableFuzzTests {
  private static let elements = [
    "", " ", ",", ";", "=", "?", "?0", "?1", "-", "+", ".", "0", "1", "5", "10", "99999999999999999999", "a", "a=",
    "b=1",
    "max-size=", "max-age=5", "expires=", "partial", "final;", "/uploads/", "uploads", "..", "https://", "//", "%2e",
    "aB-_000000000000000000", "aB-_0000000000000000000z", "filename ", "YQ==", "****", "sha1 ", "md5 ", "sha256 ",
    "qvTGHdzF6KLavt4PO0gs2a6pQ00=", "\"", "\\", ":YQ==:", "(", ")", "\t", "ü", "\u{7F}", "\u{301}", "GMT", "1.0.0",
  ]

  private func text(_ generator: inout SplitMix64) -> String {
    (0..<Int.random(in: 0...5, using: &generator)).map { _ in Self.elements.randomElement(using: &generator) ?? "" }
      .joined()
  }

  @Test(arguments: [11, 12, 13, 14] as [UInt64]) func `parsers accept no garbage`(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    for _ in 0..<3000 {
      let text = text(&generator)
      if let number = ResumableFields.digits(text) {
        #expect(text.utf8.allSatisfy { (0x30...0x39).contains($0) } && number <= UInt64(Int64.max))
      }
      let fields: HTTPFields = [.uploadOffset: text, .uploadComplete: text, .uploadDraftInteropVersion: text]
      if let number = ResumableFields.bytes(.uploadOffset, in: fields) {
        #expect(number <= ResumableFields.largestInteger)
      }
      _ = (ResumableFields.boolean(.uploadComplete, in: fields), InteropVersion(fields).ageKey)
      if let limits = UploadLimitField(text), limits != UploadLimitField() {
        #expect(UploadLimitField(limits.text(InteropVersion(stated: nil))) == limits)
      }
      if let id = TusConcat.id(inURL: text) { #expect(TusConcat.isID(id.utf8)) }
      if case .final(let ids)? = try? TusConcat(text) { #expect(ids.allSatisfy { TusConcat.isID($0.utf8) }) }
      if let metadata = try? TusMetadata(text) {
        #expect((try? TusMetadata(metadata.text)) == metadata)
        _ = (metadata.name, metadata.type)
      }
      if let checksum = try? BodyChecksum(text) { #expect(checksum.digest.count == checksum.algorithm.length) }
      _ = ResumptionStatus(status: 200) { _ in text }
      _ = ResumableOffer(status: 200) { _ in text }
    }
  }

  private static let names: [HTTPField.Name] = [
    .uploadComplete, .uploadIncomplete, .uploadOffset, .uploadLength, .uploadDraftInteropVersion, .uploadMetadata,
    .uploadDeferLength, .uploadConcat, .uploadChecksum, .methodOverride, .trailer, .contentType,
  ]
  private static let plausible = [
    "?0", "?1", "0", "3", "5", "10", "6", "8", "1", "application/partial-upload", "application/offset+octet-stream",
    "partial", "upload-checksum", "PATCH", "9223372036854775807", "999999999999999",
  ]

  @Test(arguments: [21, 22, 23, 24, 25, 26] as [UInt64])
  func `random requests neither trap, nor lower an offset, nor change a published file`(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var server = ResumableServer(ResumableLimits(maxSize: 40, maxAppendSize: 12, maxAge: 60))
    let kind: ResumableServer.Kind = seed % 2 == 0 ? .tus : .draft
    for round in 0..<500 {
      let before = server
      var fields: HTTPFields = kind == .tus ? [.tusResumable: "1.0.0"] : [:]
      for _ in 0..<Int.random(in: 0...6, using: &generator) {
        let name = Self.names.randomElement(using: &generator) ?? .uploadOffset
        let isRandom = Int.random(in: 0...9, using: &generator) == 0
        fields[name] = isRandom ? text(&generator) : Self.plausible.randomElement(using: &generator)
      }
      // Most requests continue an upload as they should.
      let id = Bool.random(using: &generator) ? nil : server.resources.keys.sorted().randomElement(using: &generator)
      if let id, Int.random(in: 0...3, using: &generator) > 0, let offset = server.resources[id]?.resource.offset {
        if Bool.random(using: &generator) { fields = kind == .tus ? [.tusResumable: "1.0.0"] : [.uploadComplete: "?1"] }
        fields[.uploadOffset] = String(offset)
        fields[.contentType] = kind == .tus ? ResumableFields.tusType : ResumableFields.partialUploadType
      }
      if id == nil, Bool.random(using: &generator) {
        fields = kind == .tus ? [.tusResumable: "1.0.0", .uploadLength: "10"] : [.uploadComplete: "?0"]
        if kind == .tus { fields[.contentType] = ResumableFields.tusType }
      }
      let methods: [HTTPRequest.Method] =
        id == nil ? [.post, .options] : [.patch, .patch, .patch, .head, .get, .delete]
      let body = String(repeating: "x", count: Int.random(in: 0...14, using: &generator))
      let reply = server.send(
        kind,
        methods.randomElement(using: &generator) ?? .post,
        id,
        fields,
        body: body,
        isChunked: Bool.random(using: &generator),
        arriving: Int.random(in: 0...9, using: &generator) == 0 ? body.utf8.count / 2 : nil
      )
      #expect(reply.status == 0 || reply.status == 460 || (200..<500).contains(reply.status), "round \(round)")
      if kind == .tus, reply.status > 0 { #expect(reply[.tusResumable] == "1.0.0") }
      check(before, server, "round \(round) of seed \(seed): \(fields)")
      // So that there are always some to continue.
      if server.resources.count > 20 { server.resources = [:] }
    }
    #expect(!server.published.isEmpty)
  }

  private func check(_ before: ResumableServer, _ after: ResumableServer, _ comment: String) {
    #expect(after.published.starts(with: before.published), "\(comment)")
    for (id, old) in before.resources {
      guard let new = after.resources[id], new.resource.state != .gone else { continue }
      #expect(new.resource.offset >= old.resource.offset && new.content.starts(with: old.content), "\(comment)")
      #expect(old.resource.length == nil || new.resource.length == old.resource.length, "\(comment)")
      #expect(new.resource.offset <= new.resource.length ?? 40, "\(comment)")
      if old.resource.state == .finished { #expect(new.resource == old.resource, "\(comment)") }
    }
    for (id, new) in after.resources where before.resources[id]?.resource.state == .finished {
      #expect(new.resource.state == .finished, "\(comment)")
    }
  }
}
