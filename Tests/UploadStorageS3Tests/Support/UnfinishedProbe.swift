import NIOCore
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadStorageS3

/// One unfinished upload of a ``S3Fixture``, and what requests to both of its stores do with it.
struct UnfinishedProbe: Sendable {
  let fixture: S3Fixture
  let id: UnfinishedID

  var bucket: FakeBucket { fixture.bucket }

  /// Creates an upload.
  init(
    _ fixture: S3Fixture,
    path: String? = "a.bin",
    length: Int? = nil,
    expires: Int64 = 4_000_000_000
  ) async throws {
    self.fixture = fixture
    let record = UnfinishedRecord(
      protocolName: "tus",
      target: "/uploads",
      path: try path.map { try FilePath(NameBytes($0)) },
      length: length.map { UInt64($0) },
      created: 1,
      expires: expires,
      client: "c",
      remote: "r"
    )
    id = record.id
    try await unfinished(fixture.store).create(record, on: fixture.eventLoop).get()
  }

  private func unfinished(_ store: S3Store) throws -> any UnfinishedStore { try #require(store.unfinished) }

  func find(_ store: S3Store? = nil) async throws -> UnfinishedRecord? {
    try await unfinished(store ?? fixture.store).find(id, on: fixture.eventLoop).get()
  }

  func offset(_ store: S3Store? = nil) async throws -> UInt64 { try #require(await find(store)).offset }

  @discardableResult
  func update(_ store: S3Store? = nil, _ change: @escaping @Sendable (inout UnfinishedRecord) -> Void) async throws
    -> UnfinishedRecord?
  {
    try await unfinished(store ?? fixture.store).update(id, on: fixture.eventLoop, change).get()
  }

  func remove(_ store: S3Store? = nil) async throws {
    try await unfinished(store ?? fixture.store).remove(id, on: fixture.eventLoop).get()
  }

  /// Begins a request that appends, and announces the file as the server does.
  func append(
    _ store: S3Store? = nil,
    isProvisional: Bool = false,
    hash: (any ContentHash)? = nil
  ) async throws -> S3Probe {
    let store = store ?? fixture.store
    let record = try #require(try await find(store))
    let upload = try await S3Probe(
      to: record,
      in: unfinished(store),
      isProvisional: isProvisional,
      hash: hash,
      on: fixture.eventLoop
    )
    try await upload.announce(request(record.path ?? FilePath(NameBytes("generated.bin"))))
    return upload
  }

  /// One whole request that appends, and does not end the upload.
  @discardableResult
  func append(_ bytes: [UInt8], _ store: S3Store? = nil) async throws -> UInt64 {
    let upload = try await append(store)
    try await upload.write(bytes)
    if let failure = try await upload.failure { throw failure }
    return try await upload.suspend()
  }

  /// One whole request that ends the upload.
  @discardableResult
  func finish(
    _ bytes: [UInt8] = [],
    _ store: S3Store? = nil,
    path: String = "a.bin",
    expected: ContentDigests = ContentDigests()
  ) async throws -> StoredFile {
    let upload = try await append(store)
    try await upload.write(bytes)
    var request = request(try FilePath(NameBytes(path)))
    request.expected = expected
    return try await upload.finalize(request)
  }

  private func request(_ path: FilePath) -> FinalizeRequest { FinalizeRequest(path: path, type: "text/plain") }

  /// The names of the upload's objects behind its ID.
  var objects: [String] {
    bucket.own.compactMap { key in key.firstRange(of: id.description).map { String(key[$0.upperBound...]) } }
  }

  /// Waits until objects that are not needed any more are deleted.
  func expectObjects(_ names: [String]) async throws {
    try await eventually("the objects are \(names), not \(objects)") { objects == names }
  }
}
