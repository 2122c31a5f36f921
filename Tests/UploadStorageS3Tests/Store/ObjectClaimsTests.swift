import NIOCore
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadStorageS3

/// Claims on names, of several servers.
@Suite struct ObjectClaimsTests {
  private static let large = 2 * S3Fixture.part
  private static let key = ObjectNaming(prefix: "").claim(ofKey: "a")

  private let bucket = FakeBucket()

  private var claims: ObjectClaims {
    let capabilities = S3Capabilities(conditionalPut: true, conditionalComplete: true)
    return ObjectClaims(bucket, ObjectNaming(prefix: ""), capabilities)
  }

  private func request(_ path: String) throws -> FinalizeRequest {
    FinalizeRequest(path: try FilePath(NameBytes(path)))
  }

  private static func text(_ record: ClaimRecord) -> [UInt8] { Array(record.text.utf8) }

  // MARK: Claims that are another upload's

  @Test func `a claim that is another upload's is neither written nor deleted`() async throws {
    let claims = claims
    let holder = UploadID()
    var claim = try #require(try await claims.claim("a", for: holder, of: holder, isExclusive: true))
    #expect(try await claims.note("mine", in: &claim))
    #expect(try await claims.renew(claim))
    let other = Self.text(ClaimRecord(holder: UploadID(), key: "a", uploadID: "other"))
    bucket.change(Self.key) { $0.bytes = other }
    #expect(try await !claims.renew(claim))
    #expect(try await !claims.note("new", in: &claim))
    await claims.release(claim)
    #expect(bucket.objects[Self.key]?.bytes == other && !claims.isClaimedHere("a"))
  }

  @Test func `a claim that another server stores while the expired one is deleted is kept`() async throws {
    let void = ClaimRecord(holder: UploadID(), key: "a", uploadID: "dead")
    bucket.begin("a", id: "dead")
    bucket.add(Self.key, Self.text(void))
    bucket.advance(by: ObjectClaims.expiry + 1)
    let other = Self.text(ClaimRecord(holder: UploadID(), key: "a"))
    bucket.on { [bucket] request in
      if request.operation == .abortMultipartUpload { bucket.add(Self.key, other) }
      return .fine
    }
    let holder = UploadID()
    #expect(try await claims.claim("a", for: holder, of: holder, isExclusive: true) == nil)
    #expect(bucket.objects[Self.key]?.bytes == other && bucket.multiparts.isEmpty)
  }

  @Test func `an upload that loses its claim before it has noted its parts fails for now, and leaves nothing`()
    async throws
  {
    try await withS3Store(leavesNothing: false) { fixture in
      let (bucket, other) = (fixture.bucket, Self.text(ClaimRecord(holder: UploadID(), key: "a")))
      bucket.on { request in
        if request.operation == .createMultipartUpload { bucket.change(Self.key) { $0.bytes = other } }
        return .fine
      }
      let upload = try await fixture.upload()
      try await upload.announce(request("a"))
      try await upload.write(S3Fixture.content(Self.large))
      try await eventually("it has failed") { try await upload.failure?.code == .storeUnavailable }
      #expect(bucket.multiparts.isEmpty && bucket.objects[Self.key]?.bytes == other)
    }
  }

  @Test func `an upload whose success could not be confirmed keeps its claim until its object is deleted`() async throws
  {
    for responds in [true, false] {
      try await withS3Store(leavesNothing: responds) { fixture in
        let bucket = fixture.bucket
        bucket.on { request in
          guard request.operation == .headObject, request.key == "a", bucket.objects["a"] != nil else { return .fine }
          return responds && bucket.log.contains { $0.operation == .abortMultipartUpload } ? .fine : .fails(.server)
        }
        await #expect(throws: UploadError.self) { try await fixture.store(S3Fixture.content(Self.large), request("a")) }
        try await eventually("the upload is aborted") { bucket.log.contains { $0.operation == .abortMultipartUpload } }
        await fixture.store.finishCleaning(within: .seconds(60))
        #expect(bucket.files == (responds ? [] : ["a"]) && bucket.own == (responds ? [] : [Self.key]))
      }
    }
  }

  // MARK: Sweeping

  @Test func `a sweep removes void claims with their uploads, and touches no others`() async throws {
    try await withS3Store(prefix: "up", leavesNothing: false) { fixture in
      let naming = ObjectNaming(prefix: "up")
      for index in 0..<8 {
        let record = ClaimRecord(holder: UploadID(), key: "up/\(index)", uploadID: "dead \(index)")
        fixture.bucket.begin("up/\(index)", id: "dead \(index)")
        fixture.bucket.add(naming.claim(ofKey: "up/\(index)"), Array(record.text.utf8))
      }
      fixture.bucket.begin("up/0", id: "foreign")
      fixture.bucket.advance(by: ObjectClaims.expiry + 1)
      let living = ClaimRecord(holder: UploadID(), key: "up/x", uploadID: "living")
      fixture.bucket.begin("up/x", id: "living")
      fixture.bucket.add(naming.claim(ofKey: "up/x"), Array(living.text.utf8))
      let count = try await fixture.store.sweep()
      #expect(count == 8)
      #expect(fixture.bucket.multiparts.keys.sorted() == ["foreign", "living"])
      #expect(fixture.bucket.own == [naming.claim(ofKey: "up/x")])
    }
  }

  @Test func `objects that are too long to be read do not keep others from being swept`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let (bucket, naming) = (fixture.bucket, ObjectNaming(prefix: ""))
      let long = [UInt8](repeating: 0x20, count: 1 << 20)
      let now = bucket.engineTime
      for name in ["first", "second"] {
        let expired = try await UnfinishedProbe(fixture, path: name, expires: now + 10)
        try await expired.append([1])
      }
      // The first upload in the list has a lease that is none.
      let first = try #require(bucket.own.first { $0.contains(".lease.") })
      bucket.change(first) { $0.bytes = long }
      bucket.add(naming.claims + "0", long)
      bucket.add(naming.claim(ofKey: "a"), Self.text(ClaimRecord(holder: UploadID(), key: "a")))
      bucket.advance(by: ObjectClaims.expiry + 100)
      #expect(try await fixture.store.sweep() == 2)
      #expect(bucket.own.filter { $0.hasPrefix(naming.claims) } == [naming.claims + "0"])
      #expect(bucket.own.count { $0.hasSuffix(".json") } == 1)
    }
  }

  @Test func `claims are swept although unfinished uploads cannot be`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let (bucket, naming) = (fixture.bucket, ObjectNaming(prefix: ""))
      bucket.add(naming.claim(ofKey: "a"), Self.text(ClaimRecord(holder: UploadID(), key: "a")))
      bucket.advance(by: ObjectClaims.expiry + 1)
      bucket.on { $0.operation == .listObjects && $0.key == naming.uploads ? .fails(.server) : .fine }
      await #expect(throws: UploadError.self) { try await fixture.store.sweep() }
      #expect(bucket.own.isEmpty)
    }
  }
}
